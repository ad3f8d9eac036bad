"""Tells whether pixels of a TIFF lie behind its end.

What decodes it may add directories to the file, and would read these as pixels.
"""

from __future__ import annotations

from collections.abc import Iterator

from PIL.ExifTags import Base as Tag

from .tiff_directories import Directory, chain
from .tiff_repair import pages_of

_NOT_PACKED, _LZW, _PACK_BITS = 1, 5, 32773
_STRIPS = (Tag.StripOffsets, Tag.StripByteCounts)
_TILES = (Tag.TileOffsets, Tag.TileByteCounts)
# Strips or tiles of a page that are looked at. Pictures have at most one for each row.
_MOST_PIECES = 65_536


# Numbers of the largest palette. Other lists have at most one for each pixel: one that says more is wrong.
_MOST_COLORS = 3 * 65_536
# Tags that say how to read the pixels, and where they are.
_OF_PIXELS = frozenset((258, 273, 279, 320, 324, 325, 339, 347))


def lacks_numbers(page: Directory) -> bool:
    """Whether what says how to read the pixels is cut off."""
    most = max(page.pixels, _MOST_COLORS)
    return any(tag in _OF_PIXELS and page.entries[tag][1] <= most for tag, _ in page.loose_ends())


def lacks_pixels(data: bytes, *, all_pages: bool) -> bool:
    """Whether pieces of the first page, or of any, are cut off. False for other files, and for other compressions."""
    pages = pages_of(data)[0] if all_pages else chain(data, 1)
    return any(lacks_numbers(page) or _is_cut(page) for page in pages)


def _is_cut(page: Directory) -> bool:
    compression, end = page.number(Tag.Compression, 1), len(page.data)
    offsets, counts = (
        page.numbers(tag, _MOST_PIECES) for tag in (_TILES if Tag.TileOffsets in page.entries else _STRIPS)
    )
    if compression == _NOT_PACKED:
        # The last strip may say that it is longer than it is.
        needed = _needed(page, len(offsets))
        return any(offset + length > end for offset, length in zip(offsets, needed, strict=False))
    is_packed = compression in (_LZW, _PACK_BITS)
    return is_packed and any(offset + count > end for offset, count in zip(offsets, counts, strict=False))


def _needed(page: Directory, pieces: int) -> Iterator[int]:
    """Bytes of each strip or tile that is not packed."""
    is_planar = page.number(Tag.PlanarConfiguration, 1) == 2
    samples = page.number(Tag.SamplesPerPixel, 1)
    bits = page.number(Tag.BitsPerSample, 1) * (1 if is_planar else samples)
    width, height = page.number(Tag.ImageWidth), page.number(Tag.ImageLength)
    if Tag.TileOffsets in page.entries:
        size = (page.number(Tag.TileWidth) * bits + 7) // 8 * page.number(Tag.TileLength)
        yield from (size for _ in range(pieces))
        return
    rows = min(page.number(Tag.RowsPerStrip, height) or height, height)
    for _ in range(samples if is_planar else 1):
        yield from ((width * bits + 7) // 8 * min(rows, height - top) for top in range(0, height, max(1, rows)))
