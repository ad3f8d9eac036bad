"""Tells whether pixels of a TIFF lie behind its end.

What decodes it may add directories to the file, and would read these as pixels.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from PIL.ExifTags import Base as Tag

from .tiff_directories import Directory, chain, directory_at, pages_of

_NOT_PACKED, _LZW, _PACK_BITS, _OLD_JPEG, _JPEG = 1, 5, 32773, 6, 7
_PALETTE, _YCBCR, _PLANES = 3, 6, 2
_STRIPS = (Tag.StripOffsets, Tag.StripByteCounts)
_TILES = (Tag.TileOffsets, Tag.TileByteCounts)
# Strips or tiles of a page that are looked at. Pictures have at most one for each row.
_MOST_PIECES = 65_536
# Numbers of the largest palette. Other lists have at most one for each pixel: one that says more is wrong.
_MOST_COLORS = 3 * 65_536
# Tags that say how to read the pixels, and where they are: of all pictures, and of some.
_ALWAYS_NEEDED = frozenset((Tag.BitsPerSample, Tag.StripOffsets, Tag.TileOffsets))
MAYBE_NEEDED = frozenset((Tag.ColorMap, Tag.SampleFormat, Tag.StripByteCounts, Tag.TileByteCounts, Tag.JPEGTables))
# Further pages, EXIF, GPS and what belongs to it: directories below one; how many of them are looked at.
_BELOW, _MOST_BELOW = (Tag.SubIFDs, Tag.ExifOffset, Tag.GPSInfo, 40965), 128


def lacks_numbers(page: Directory) -> bool:
    """Whether what says how to read the pixels is cut off."""
    most = max(page.pixels, _MOST_COLORS)
    return any(is_needed(page, tag) and page.entries[tag][1] <= most for tag, _ in page.loose_ends())


def is_needed(page: Directory, tag: int) -> bool:
    """Whether the pixels cannot be read without the values of an entry."""
    if tag == Tag.ColorMap:
        return page.number(Tag.PhotometricInterpretation) == _PALETTE
    if tag == Tag.SampleFormat:
        # Colours of up to 16 bits are whole numbers without a sign, as where nothing is said.
        return page.number(Tag.BitsPerSample, 1) > 16
    if tag in (Tag.StripByteCounts, Tag.TileByteCounts):
        return page.number(Tag.Compression, 1) != _NOT_PACKED
    if tag == Tag.JPEGTables:
        return page.number(Tag.Compression, 1) == _JPEG
    return tag in _ALWAYS_NEEDED


def lacks_pixels(data: bytes, *, all_pages: bool, decoded: bool = True) -> bool:
    """Whether pieces of the first page, or of any, are cut off. False for other files.

    Also for most compressions, if the pages are `decoded`: the decoder will say so.
    """
    pages = pages_of(data)[0] if all_pages else chain(data, 1)
    return any(lacks_numbers(pieces.page) or pieces.is_cut(decoded) for pieces in _pieces_of(pages))


def named_end(data: bytes, pages: list[Directory]) -> int:
    """Where what the pages name ends: directories, values and pixels."""
    below = islice((found for page in pages for found in _below(page)), _MOST_BELOW)
    return max(
        *(directory.end for directory in (*pages, *below)),
        *(int(pieces.ends().max(initial=0)) for pieces in _pieces_of(pages)),
    )


def _below(page: Directory) -> Iterator[Directory]:
    for offset in (offset for tag in _BELOW for offset in page.numbers(tag)):
        if (found := directory_at(page.data, page.layout, offset)) is not None:
            yield found


def _pieces_of(pages: Iterable[Directory]) -> Iterator[_Pieces]:
    """The pieces of each page. No more in all than the file has room for: many pages may share a list."""
    read = 0
    for page in pages:
        if read >= len(page.data):
            return
        offsets, counts = _TILES if Tag.TileOffsets in page.entries else _STRIPS
        places = page.array(offsets, _MOST_PIECES)
        read += len(places)
        yield _Pieces(page, places, page.array(counts, len(places)))


@dataclass(frozen=True)
class _Pieces:
    """Strips or tiles of a page."""

    page: Directory
    offsets: NDArray[np.float64]
    counts: NDArray[np.float64]

    def is_cut(self, decoded: bool) -> bool:
        compression, end = self.page.number(Tag.Compression, 1), len(self.page.data)
        # Old JPEGs say in other tags where they are.
        if compression == _OLD_JPEG or (decoded and compression not in (_NOT_PACKED, _LZW, _PACK_BITS)):
            return False
        return bool((self.ends() > end).any())

    def ends(self) -> NDArray[np.float64]:
        """Where each one ends that the page needs."""
        needed = self._needed()
        # The last strip may say that it is longer than it is.
        lengths = needed if self.page.number(Tag.Compression, 1) == _NOT_PACKED else self.counts
        pieces = min(map(len, (self.offsets, needed, lengths)))
        return self.offsets[:pieces] + lengths[:pieces]

    def _needed(self) -> NDArray[np.float64]:
        """Bytes of each one that is not packed, up to the last pixel: tiles may reach beyond the picture."""
        page = self.page
        is_planar = page.number(Tag.PlanarConfiguration, 1) == _PLANES
        samples = page.number(Tag.SamplesPerPixel, 1)
        bits = page.number(Tag.BitsPerSample, 1) * (1 if is_planar else samples)
        width, height = page.number(Tag.ImageWidth), page.number(Tag.ImageLength)
        if width <= 0 or height <= 0:
            return np.zeros(0)
        if Tag.TileOffsets in page.entries:
            across, down = max(1, page.number(Tag.TileWidth)), max(1, page.number(Tag.TileLength))
        else:
            across, down = width, max(1, min(page.number(Tag.RowsPerStrip, height) or height, height))
        if not is_planar and (together := self._with_one_colour()):
            # They stand side by side, and count as one.
            width, across = (-(-side // together[0]) for side in (width, across))
            height, down = (-(-side // together[1]) for side in (height, down))
            bits = page.number(Tag.BitsPerSample, 1) * (together[0] * together[1] + 2)
        columns, each = -(-width // across), -(-width // across) * -(-height // down)
        number = np.arange(min(len(self.offsets), each * (samples if is_planar else 1))) % float(each)
        rows = np.minimum(float(down), height - number // float(columns) * down)
        pixels = np.minimum(float(across), width - number % float(columns) * across)
        needed: NDArray[np.float64] = (rows - 1) * float((across * bits + 7) // 8) + np.ceil(pixels * bits / 8)
        return needed

    def _with_one_colour(self) -> tuple[int, int] | None:
        """Pixels across and down that have a brightness each, and one colour (TIFF 6.0, section 21)."""
        found = self.page.numbers(Tag.YCbCrSubSampling, 2)
        is_so = self.page.number(Tag.PhotometricInterpretation) == _YCBCR and len(found) == 2 and min(found) > 0
        return (found[0], found[1]) if is_so else None
