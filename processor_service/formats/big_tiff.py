"""BigTIFF as classic TIFF: decoders know each kind of BigTIFF less well, and Pillow takes no big-endian one."""

from __future__ import annotations

import struct
from dataclasses import replace

from .tiff_directories import SIZES, Directory, chain, layout_of

# 64-bit numbers, signed ones, and places of directories, as those of 32 bits.
_NARROWER = {16: 4, 17: 9, 18: 13}
_LETTERS = {4: "I", 9: "i", 13: "I"}
_RANGES = {4: (0, 2**32 - 1), 9: (-(2**31), 2**31 - 1), 13: (0, 2**32 - 1)}
_MAGIC = 42
_MOST_PAGES = 10_000
# What may be written behind a file: directories are smaller than the pixels that they describe.
_MOST_BYTES, _SLACK = 2**31, 64 * 1024


def as_classic(data: bytes) -> bytes:
    """The same pages in a classic TIFF: the file with other directories behind it. Other files stay as they are.

    Values stay where they lie. Directories below a page (EXIF, GPS, further sizes) keep their places of 64 bits, so
    metadata is to be read from the file as it was.
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
    """An entry of 32 bits; numbers that had 64 are appended to the file. None for what a classic TIFF does not know."""
    order = page.layout.order
    kind, count, at = page.entries[tag]
    size = SIZES.get(kind, 0) * count
    if not size:
        return None
    if kind in _NARROWER:
        kind = _NARROWER[kind]
        lowest, highest = _RANGES[kind]
        # A place that is too large leads beyond the end of any file.
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
