"""Prepares a TIFF of YCbCr that is not packed for libtiff, which believes what the file says of lengths.

Where that is wrong, or behind the end of the file, it leaves nothing of a strip or a tile, and may not say so.
"""

from __future__ import annotations

import struct

from PIL import TiffImagePlugin
from PIL.ExifTags import Base as Tag

from ...formats.tiff_directories import Directory, directory_at, layout_of

_Tags = TiffImagePlugin.ImageFileDirectory_v2
_STRIPS, _TILES = (Tag.StripOffsets, Tag.StripByteCounts), (Tag.TileOffsets, Tag.TileByteCounts)
_LONG, _PLANES = 4, 2
# Brightness and colour.
_GREY = b"\x80"
# Bytes of tiles that are filled up beyond those of the picture.
_MOST_BEYOND = 16 * 1024**2


def with_lengths(data: bytes, tags: _Tags, size: tuple[int, int]) -> tuple[bytes, int]:
    """The file (not a BigTIFF, see big_tiff.py) with another directory at its end, and where that is.

    In that one, strips or tiles have the lengths that they need. Up to these, the file is filled up with grey. That may
    be outside of the picture: otherwise, if that is not accepted, the file has been refused. `tags`: those of the page;
    `size`: its width and height.
    """
    layout = layout_of(data)
    page = directory_at(data, layout, tags.offset) if layout else None
    if page is None:
        return data, tags.offset
    offsets, counts = _TILES if Tag.TileOffsets in tags else _STRIPS
    places, length = tags[offsets], _length(tags, *_sides(tags, size))
    end = min(max(places) + length, len(data) + _length(tags, *size) + _MOST_BEYOND)
    data = data.ljust(end, _GREY)
    data += bytes(len(data) % 2)
    # libtiff reads the first directory in any case.
    first = data[:4] + struct.pack(page.layout.word, len(data)) + data[8:]
    return first + _directory(page, counts, [length] * len(places), len(data)), len(data)


def _sides(tags: _Tags, size: tuple[int, int]) -> tuple[int, int]:
    """Width and height of a tile or a strip."""
    if Tag.TileOffsets in tags:
        return tags[Tag.TileWidth], tags[Tag.TileLength]
    return size[0], min(size[1], tags.get(Tag.RowsPerStrip, size[1]))


def _length(tags: _Tags, width: int, height: int) -> int:
    """Bytes of a part of these sides: several pixels have a brightness each, and one colour (TIFF 6.0, section 21)."""
    if tags.get(Tag.PlanarConfiguration) == _PLANES:
        return width * height
    across, down = map(int, tags[Tag.YCbCrSubSampling])
    together = -(-width // across) * -(-height // down)
    return together * (across * down + 2)


def _directory(page: Directory, tag: int, values: list[int], start: int) -> bytes:
    """The directory with other values of a tag, written to `start`, and these values."""
    word = page.layout.word
    entries = {name: page.data[at - 8 : at + 4] for name, (_, _, at) in page.entries.items()} | {tag: b""}
    content = struct.pack(f"{page.layout.order}{len(values)}I", *values)
    behind = start + 2 + 12 * len(entries) + 4
    place = content if len(values) == 1 else struct.pack(word, behind)
    entries[tag] = struct.pack(f"{page.layout.order}HHI4s", tag, _LONG, len(values), place)
    listed = b"".join(entries[name] for name in sorted(entries))
    return struct.pack(page.layout.count, len(entries)) + listed + bytes(4) + content
