"""BMP: header, palette, rows (Microsoft's BITMAPINFOHEADER to BITMAPV5HEADER)."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np

from .kept import Kept
from .palettes import only_used, used_by_rows
from .viewer_numbers import density_a_metre

# The header of the file, and the shortest one of a bitmap, whose colours have three bytes.
_FILE_HEADER, _SHORT = 14, 12
_PLAIN, _FIELDS, _ALPHA_FIELDS = 0, 3, 6
_SRGB = b"BGRs"
# A side of four letters is longer.
_MOST_SIDE = 1 << 24


def parts(data: bytes, kept: Kept) -> Iterator[bytes]:
    """Header, palette, rows. Not: an embedded or linked profile, gaps, what follows the last row."""
    kept.no_room_for_exif()
    if not data.startswith(b"BM"):
        raise ValueError("not a BMP with a file header")
    head = header(data, _FILE_HEADER)
    start = _FILE_HEADER + len(head)
    rows = row_bytes(head)
    place = int.from_bytes(data[10:14], "little")
    if place < start:
        raise ValueError("the rows of the BMP lie in its header")
    # A file that ends early keeps the rows that it has.
    pixels = without_padding(data[place : place + rows], head)
    head = without_unused_colors(_without_colors(head), pixels)
    yield b"BM" + struct.pack("<IHHI", start + len(pixels), 0, 0, start) + head + pixels


def header(data: bytes, start: int) -> bytes:
    """The bitmap header from `start` on, with its masks and its palette."""
    size, width, height, planes, depth, compression = _numbers(data, start)
    colors, entry = 0, 3 if size == 12 else 4
    if depth <= 8:
        used = int.from_bytes(data[start + 32 : start + 36], "little") if size >= 40 else 0
        colors = min(used or 1 << depth, 1 << depth)
    masks = {_FIELDS: 12, _ALPHA_FIELDS: 16}.get(compression, 0) if size == 40 else 0
    end = start + size + masks + colors * entry
    if depth <= 8 and compression != _PLAIN:
        raise ValueError("masks of a BMP that has a palette")
    if max(abs(width), abs(height)) > _MOST_SIDE:
        raise ValueError("sides that no BMP has")
    if planes != 1 or depth not in (1, 2, 4, 8, 16, 24, 32) or not width or not height or end > len(data):
        raise ValueError("the header of the BMP contradicts itself")
    fields, table = bytearray(data[start : start + size]), bytearray(data[start + size + masks : end])
    if size > 12:
        # Not: the number of bytes, which follows from the sides, and the number of important colours.
        _, across, down = struct.unpack_from("<Iii", fields, 20)
        density = density_a_metre(across, down)
        struct.pack_into("<IiiII", fields, 20, 0, density, density, colors, 0)
        # The fourth byte of a colour is reserved.
        table[3::4] = bytes(len(table[3::4]))
    outside = data[start + size : start + size + masks]
    inside = fields[40:56]
    if compression == _PLAIN:
        fields[40:56] = bytes(len(inside))
    else:
        _check_masks(outside or bytes(inside), depth)
    return bytes(fields) + outside + bytes(table)


def _check_masks(masks: bytes, depth: int) -> None:
    """Raise ValueError when masks are not runs of bits, each for a colour of its own."""
    used = 0
    for (mask,) in struct.iter_unpack("<I", masks):
        lowest = mask & -mask
        if mask and ((mask // lowest + 1) & (mask // lowest) or mask & used or mask >> depth):
            raise ValueError("masks of the BMP that no colours have")
        used |= mask


def without_padding(rows: bytes, head: bytes) -> bytes:
    """The same rows, with zeros behind the last pixel of each, also in its last byte."""
    _, width, _, _, depth, _ = _numbers(head, 0)
    each, bits = (abs(width) * depth + 31) // 32 * 4, abs(width) * depth
    if 8 * each == bits:
        return rows
    whole, used = len(rows) // each * each, (bits + 7) // 8
    table = np.frombuffer(rows[:whole], np.uint8).reshape(-1, each).copy()
    table[:, used:] = 0
    table[:, used - 1] &= 0xFF << (-bits % 8) & 0xFF
    return table.tobytes() + rows[whole:][:used]


def without_unused_colors(head: bytes, rows: bytes) -> bytes:
    """The bitmap header, with black for colours that no pixel has. `rows`: without padding."""
    size, width, _, _, depth, _ = _numbers(head, 0)
    if depth > 8:
        return head
    each = (abs(width) * depth + 31) // 32 * 4
    whole = len(rows) // each * each
    used = used_by_rows(np.frombuffer(rows[:whole], np.uint8).reshape(-1, each), abs(width), depth)
    # A row that was cut off, which may be said to have billions of pixels.
    rest = np.frombuffer(rows[whole:], np.uint8).reshape(1, -1)
    used |= used_by_rows(rest, min(abs(width), rest.size * 8 // depth), depth)
    # There are no masks beside a palette, or they are within the header.
    colors = only_used(head[size:], used, 3 if size == _SHORT else 4)
    return head[:size] + colors


def row_bytes(head: bytes) -> int:
    """Bytes of all rows of an uncompressed bitmap; each begins at a multiple of four."""
    _, width, height, _, depth, _ = _numbers(head, 0)
    return (abs(width) * depth + 31) // 32 * 4 * abs(height)


def _numbers(data: bytes, start: int) -> tuple[int, int, int, int, int, int]:
    """Size of the header, width, height, planes, depth, compression."""
    size = int.from_bytes(data[start : start + 4], "little")
    if size == 12:
        width, height, planes, depth = struct.unpack_from("<HHHH", data, start + 4)
        compression = _PLAIN
    elif size in (40, 52, 56, 108, 124):
        width, height, planes, depth, compression = struct.unpack_from("<iiHHI", data, start + 4)
    else:
        raise ValueError("a kind of BMP that is not known")
    if compression not in (_PLAIN, _FIELDS, _ALPHA_FIELDS):
        raise ValueError("the BMP is compressed")
    return size, width, height, planes, depth, compression


def _without_colors(head: bytes) -> bytes:
    """A header of version 4 or 5 says how to read colours, in numbers or by a profile elsewhere: nothing reads it here.

    It becomes sRGB.
    """
    size = int.from_bytes(head[:4], "little")
    return head if size < 108 else head[:56] + _SRGB + bytes(size - 60) + head[size:]
