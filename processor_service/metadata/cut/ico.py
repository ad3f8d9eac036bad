"""ICO and CUR: a directory, and pictures that are PNG or BMP without its file header."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from ...formats.containers import PNG_SIGNATURE, png_chunk
from . import bmp, png
from .kept import Kept
from .png.shapes import Header

_ENTRY = 16
_PNG_END = png_chunk(b"IEND", b"")
_MOST = 256
_CURSOR = 2
# From this many bits a pixel on, the number of colours is 0.
_MANY_BITS = 8


def parts(data: bytes, kept: Kept) -> Iterator[bytes]:
    """All pictures, each without its metadata."""
    kept.no_room_for_exif()
    count = int.from_bytes(data[4:6], "little")
    if not 0 < count <= _MOST:
        raise ValueError("the icon has no pictures, or too many")
    start = 6 + count * _ENTRY
    entries, pictures, kind = [data[:6]], [], int.from_bytes(data[2:4], "little")
    for at in range(6, start, _ENTRY):
        size, place = struct.unpack_from("<II", data, at + 8)
        picture = _picture(data[place : place + size], kept)
        entries.append(_entry(data[at : at + _ENTRY], picture, kind) + struct.pack("<II", len(picture), start))
        pictures.append(picture)
        start += len(picture)
    yield from (*entries, *pictures)


def _entry(entry: bytes, picture: bytes, kind: int) -> bytes:
    """What an entry says of its picture: sides, colours, planes and depth, or the point of a cursor.

    Raises ValueError for other sides than the picture has: decoders choose by them.
    """
    if picture.startswith(PNG_SIGNATURE):
        header = Header.of([(b"IHDR", picture[16:29])])
        width, height, depth = header.width, header.height, header.bits
    else:
        width, height, _, depth = struct.unpack_from("<iiHH", picture, 4)
        width, height = abs(width), abs(height) // 2
    sides = bytes(side if side < _MOST else 0 for side in (width, height))
    if entry[:2] != sides:
        raise ValueError("a picture of another size than the icon says")
    x, y = struct.unpack_from("<HH", entry, 4)
    numbers = (min(x, width - 1), min(y, height - 1)) if kind == _CURSOR else (1, depth)
    # The fourth byte is reserved.
    return sides + bytes((1 << depth if depth < _MANY_BITS else 0, 0)) + struct.pack("<HH", *numbers)


def _picture(data: bytes, kept: Kept) -> bytes:
    if data.startswith(PNG_SIGNATURE):
        picture = b"".join(png.parts(data, kept))
        if not kept.at_any_price and not picture.endswith(_PNG_END):
            raise ValueError("a picture that is longer than the icon says")
        return picture
    if len(data) < 40 or int.from_bytes(data[:4], "little") != 40:
        raise ValueError("a kind of icon that is not known")
    # The header's height is doubled: the rows of colours are followed by those of the mask, one bit a pixel.
    colors, mask = bytearray(data), bytearray(data)
    (height,) = struct.unpack_from("<i", data, 8)
    struct.pack_into("<i", colors, 8, height // 2)
    head = bmp.header(bytes(colors), 0)
    struct.pack_into("<iHH", mask, 8, height // 2, 1, 1)
    one_bit, begin = bytes(mask[:40]), len(head)
    middle = begin + bmp.row_bytes(head)
    if len(data) < middle:
        raise ValueError("an icon is shorter than its rows")
    rows = bmp.without_padding(data[begin:middle], head)
    head = bmp.without_unused_colors(head, rows)
    return data[:12] + head[12:] + rows + bmp.without_padding(data[middle : middle + bmp.row_bytes(one_bit)], one_bit)
