"""Turns BigTIFF into classic TIFF: decoders support BigTIFF less well, and Pillow does not open a big-endian one."""

from __future__ import annotations

import struct
from dataclasses import replace

from .tiff_directories import SIZES, Directory, chain, layout_of

# Types of 64 bits to those of 32: numbers, signed numbers, positions of directories.
_NARROWER = {16: 4, 17: 9, 18: 13}
_LETTERS = {4: "I", 9: "i", 13: "I"}
_RANGES = {4: (0, 2**32 - 1), 9: (-(2**31), 2**31 - 1), 13: (0, 2**32 - 1)}
_MAGIC = 42
_MOST_PAGES = 10_000
# How much may be appended to a file: directories are smaller than the pixels that they describe.
_MOST_BYTES, _SLACK = 2**31, 64 * 1024


def as_classic(data: bytes) -> bytes:
    """The same pages as a classic TIFF: the file with new directories appended. Other files are returned unchanged.

    Values stay at their places. Directories below a page (EXIF, GPS, further sizes) keep their 64-bit positions, so
    metadata must be read from the original file.
    """
    layout = layout_of(data)
    if layout is None or not layout.big or len(data) > _MOST_BYTES:
        return data
    classic, order = replace(layout, big=False), layout.order
    file = bytearray(data) + bytes(len(data) % 2)
    place, most = classic.first, 2 * len(data) + _SLACK
    struct.pack_into(order + "H", file, 2, _MAGIC)
    for page in chain(data, _MOST_PAGES):
        entries = []
        for tag in sorted(page.entries):
            if entry := _entry(page, tag, file):
                entries.append(entry)
            if len(file) > most:
                return data
        struct.pack_into(classic.word, file, place, len(file))
        file += struct.pack(classic.count, len(entries)) + b"".join(entries)
        place = len(file)
        file += bytes(4)
    return bytes(file)


def _entry(page: Directory, tag: int, file: bytearray) -> bytes | None:
    """An entry of 32 bits.

    Numbers that had 64 are appended to the file. None for types that a classic TIFF does not have.
    """
    order = page.layout.order
    kind, count, at = page.entries[tag]
    size = SIZES.get(kind, 0) * count
    if not size:
        return None
    if kind in _NARROWER:
        kind = _NARROWER[kind]
        lowest, highest = _RANGES[kind]
        # A position that is too large is beyond the end of any file.
        numbers = [min(max(number, lowest), highest) for number in page.numbers(tag, len(page.data))]
        value, count = struct.pack(f"{order}{len(numbers)}{_LETTERS[kind]}", *numbers), len(numbers)
    elif size <= 4:
        value = page.data[at : at + size]
    else:
        if size > struct.calcsize(page.layout.word):
            (at,) = struct.unpack_from(page.layout.word, page.data, at)
        value = struct.pack(order + "I", min(at, 2**32 - 1))
    if len(value) > 4:
        start = len(file)
        file += value
        value = struct.pack(order + "I", start)
    return struct.pack(order + "HHI", tag, kind, min(count, 2**32 - 1)) + value.ljust(4, b"\0")
