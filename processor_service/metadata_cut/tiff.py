"""TIFF and BigTIFF: directories, written again with the tags that say how the pixels lie (TIFF 6.0)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from . import jpeg
from .kept import Kept

# Bytes of one number of each type. Texts (2) are not numbers.
_SIZES = {1: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_TEXT, _LONG, _LONG8 = 2, 4, 16
_INTEGERS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
# Where the pixels lie, and how many bytes: in strips or in tiles.
_PLACES = ((273, 279), (324, 325))
_REDUCED, _COMPRESSION, _COLOR_MAP, _TABLES, _PROFILE = 254, 259, 320, 347, 34675
# Tags that say how to read the pixels, and how many numbers each may have: kind of page, size, depth (of each sample),
# compression, interpretation, order of bits, turn, samples, rows of a strip, lowest and highest value, resolution,
# planes, fax options, page, prediction, white point, primaries, tiles, inks, extra samples, sample format, subsampling.
_NUMBERS = dict.fromkeys((254, 255, 256, 257, 259, 262, 266, 274, 277, 278, 282, 283, 284, 292, 293, 296), 1)
_NUMBERS |= dict.fromkeys((258, 280, 281, 338, 339), 16)
_NUMBERS |= {297: 2, 317: 1, 318: 2, 319: 6, 322: 1, 323: 1, 332: 1, 334: 1, 529: 3, 530: 2, 531: 1, 532: 6}
_MOST_COLORS = 3 * 65536
_JPEG = 7
# None, CCITT, LZW, JPEG, deflate, packed bits, LZMA, Zstandard. Not old JPEG (6) and JPEG 2000, which hold whole files.
_COMPRESSIONS = frozenset((1, 2, 3, 4, 5, _JPEG, 8, 32773, 32946, 34925, 50000))
_MOST_PAGES = 10_000


@dataclass(frozen=True)
class _Entry:
    kind: int
    value: bytes

    @property
    def count(self) -> int:
        return len(self.value) // _SIZES.get(self.kind, 1)


@dataclass(frozen=True)
class _Layout:
    """How a file writes its numbers: `order` as in struct, and offsets of 8 bytes in a BigTIFF."""

    order: str
    big: bool

    def offset(self, number: int) -> bytes:
        return struct.pack(self.order + ("Q" if self.big else "I"), number)

    def read(self, data: bytes, position: int, small: str, large: str) -> int:
        (number,) = struct.unpack_from(self.order + (large if self.big else small), data, position)
        return int(number)

    def integers(self, entry: _Entry) -> tuple[int, ...]:
        if entry.kind not in _INTEGERS:
            raise ValueError("a tag of the TIFF has numbers of the wrong type")
        return struct.unpack(f"{self.order}{entry.count}{_INTEGERS[entry.kind]}", entry.value)


_Directory = dict[int, _Entry]


def parts(data: bytes, kept: Kept) -> Iterator[bytes]:
    """Pixels of all pages, the numbers that say how to read them, the colour profile. Not: previews."""
    layout = _Layout("<" if data[:2] == b"II" else ">", data[2:4] in (b"+\0", b"\0+"))
    pages = list(_pages(data, layout))
    pages = [page for page in pages if not _is_reduced(page, layout)] or pages
    if not pages:
        raise ValueError("the TIFF has no picture")
    start = 16 if layout.big else 8
    yield data[: start // 2] + layout.offset(start)
    for number, page in enumerate(pages, 1):
        directory, pixels = _cleaned(data, page, layout, kept)
        if number == 1:
            # The turn is a tag of the file itself.
            directory |= {int(tag): _Entry(_TEXT, text.encode() + b"\0") for tag, text in kept.names.items()}
        block = _written(directory, pixels, layout, start, last=number == len(pages))
        start += len(block)
        yield block


def _pages(data: bytes, layout: _Layout) -> Iterator[_Directory]:
    """Each directory of the chain; a chain that bites its tail ends there."""
    seen: set[int] = set()
    position = layout.read(data, 8 if layout.big else 4, "I", "Q")
    entry_bytes, count_bytes = (20, 8) if layout.big else (12, 2)
    while position and position not in seen:
        seen.add(position)
        if len(seen) > _MOST_PAGES:
            raise ValueError("the TIFF has too many pages")
        count = layout.read(data, position, "H", "Q")
        first = position + count_bytes
        if first + count * entry_bytes > len(data):
            raise ValueError("a directory of the TIFF reaches beyond the file")
        directory: _Directory = {}
        for at in range(first, first + count * entry_bytes, entry_bytes):
            if (entry := _entry(data, at, layout)) is not None:
                directory.setdefault(*entry)
        yield directory
        position = layout.read(data, first + count * entry_bytes, "I", "Q")


def _entry(data: bytes, at: int, layout: _Layout) -> tuple[int, _Entry] | None:
    """Tag and value of one that may stay."""
    tag, kind = struct.unpack_from(layout.order + "HH", data, at)
    places = chain.from_iterable(_PLACES)
    if kind not in _SIZES or not (tag in _NUMBERS or tag in places or tag in (_COLOR_MAP, _TABLES, _PROFILE)):
        return None
    count = layout.read(data, at + 4, "I", "Q")
    size, here = count * _SIZES[kind], 8 if layout.big else 4
    if count > _NUMBERS.get(tag, count) or (tag == _COLOR_MAP and count > _MOST_COLORS):
        return None
    value = at + 4 + here if size <= here else layout.read(data, at + 4 + here, "I", "Q")
    if value + size > len(data):
        raise ValueError("a value of the TIFF lies beyond the file")
    return tag, _Entry(kind, data[value : value + size])


def _is_reduced(page: _Directory, layout: _Layout) -> bool:
    entry = page.get(_REDUCED)
    return entry is not None and bool(layout.integers(entry)[0] & 1)


def _cleaned(data: bytes, page: _Directory, layout: _Layout, kept: Kept) -> tuple[_Directory, list[bytes]]:
    """What stays of a page, its pixels by strip or tile; their places are written later."""
    compression = layout.integers(page[_COMPRESSION])[0] if _COMPRESSION in page else 1
    if compression not in _COMPRESSIONS:
        raise ValueError("pixels of the TIFF are files of their own")
    directory = dict(page)
    if _PROFILE in page:
        profile = kept.checked_profile(directory.pop(_PROFILE).value)
        if profile:
            directory[_PROFILE] = _Entry(7, profile)
    pixels = []
    for places, lengths in _PLACES:
        if (places in page) != (lengths in page):
            raise ValueError("the TIFF does not say where its pixels end")
        if places in page:
            offsets, sizes = layout.integers(page[places]), layout.integers(page[lengths])
            pixels += [data[offset : offset + size] for offset, size in zip(offsets, sizes, strict=True)]
    if not pixels or all(places in page for places, _ in _PLACES):
        raise ValueError("the TIFF does not say where its pixels are")
    if compression == _JPEG:
        pixels = [b"".join(jpeg.parts(piece, Kept())) for piece in pixels]
        if _TABLES in page:
            directory[_TABLES] = _Entry(7, b"".join(jpeg.parts(page[_TABLES].value, Kept())))
    else:
        directory.pop(_TABLES, None)
    return directory, pixels


def _written(directory: _Directory, pixels: list[bytes], layout: _Layout, start: int, *, last: bool) -> bytes:
    """A page as it lies in the file from `start` on: the directory, values that are too long for it, pixels."""
    places, lengths = next(pair for pair in _PLACES if pair[0] in directory)
    kind, number, here, entry_bytes = (_LONG8, "Q", 8, 20) if layout.big else (_LONG, "I", 4, 12)
    directory = directory | {
        lengths: _Entry(kind, struct.pack(f"{layout.order}{len(pixels)}{number}", *map(len, pixels)))
    }
    # With places that are not known yet, but as long as they will be.
    directory[places] = _Entry(kind, bytes(here * len(pixels)))
    values = start + (16 if layout.big else 6) + entry_bytes * len(directory)
    ends = values + sum(_even(len(entry.value)) for entry in directory.values() if len(entry.value) > here)
    offsets = []
    for piece in pixels:
        offsets.append(ends)
        ends += _even(len(piece))
    directory[places] = _Entry(kind, struct.pack(f"{layout.order}{len(pixels)}{number}", *offsets))
    entries, outside = [struct.pack(layout.order + ("Q" if layout.big else "H"), len(directory))], []
    for tag, entry in sorted(directory.items()):
        value = entry.value.ljust(here, b"\0")
        if len(value) > here:
            outside.append(_padded(value))
            value, values = layout.offset(values), values + _even(len(value))
        entries.append(struct.pack(layout.order + "HH", tag, entry.kind) + layout.offset(entry.count) + value)
    return b"".join([*entries, layout.offset(0 if last else ends), *outside, *map(_padded, pixels)])


def _even(size: int) -> int:
    return size + size % 2


def _padded(value: bytes) -> bytes:
    return value + bytes(len(value) % 2)
