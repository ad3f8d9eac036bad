"""ICO and CUR: a directory, and pictures that are PNG or BMP without its file header."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from ...formats.containers import PNG_SIGNATURE
from . import bmp, png
from .kept import Kept

_ENTRY = 16
_MOST = 256


def parts(data: bytes, kept: Kept) -> Iterator[bytes]:
    """All pictures, each without its metadata."""
    kept.no_room_for_exif()
    count = int.from_bytes(data[4:6], "little")
    if not 0 < count <= _MOST:
        raise ValueError("the icon has no pictures, or too many")
    start = 6 + count * _ENTRY
    entries, pictures = [data[:6]], []
    for at in range(6, start, _ENTRY):
        size, place = struct.unpack_from("<II", data, at + 8)
        picture = _picture(data[place : place + size], kept)
        # Planes and depth of an icon, or the point of a cursor.
        if max(struct.unpack_from("<HH", data, at + 4)) > _MOST:
            raise ValueError("numbers that an icon does not have")
        # The fourth byte of an entry is reserved.
        entries.append(data[at : at + 3] + b"\0" + data[at + 4 : at + 8] + struct.pack("<II", len(picture), start))
        pictures.append(picture)
        start += len(picture)
    yield from (*entries, *pictures)


def _picture(data: bytes, kept: Kept) -> bytes:
    if data.startswith(PNG_SIGNATURE):
        return b"".join(png.parts(data, kept))
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
