"""Reads the directories of a TIFF: lists of numbered entries that say what is where. Decodes nothing.

Raw files of cameras have the same structure, some with another number in their header.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from PIL.ExifTags import Base as Tag

# struct's letters of the integer types (TIFF 6.0, section 2; BigTIFF: 16 and 18); 13 is an offset to a directory.
_INTEGERS = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 13: "I", 16: "Q", 18: "Q"}
# Bytes of each type.
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
# Most directories, and most entries of one: more than any file needs.
_MOST_DIRECTORIES, _MOST_ENTRIES = 64, 1024
# Pages that are looked at, each perhaps with a preview and a mask, and entries in all.
_MOST_PAGES, _MOST_ENTRIES_OF_PAGES = 10_000, 65_536


@dataclass(frozen=True)
class Layout:
    """How numbers are written in a TIFF: struct's byte order, and whether offsets have 64 bits (BigTIFF)."""

    order: str
    big: bool

    @property
    def word(self) -> str:
        """struct's format of an offset."""
        return self.order + ("Q" if self.big else "I")

    @property
    def count(self) -> str:
        """struct's format of the number of entries of a directory."""
        return self.order + ("Q" if self.big else "H")

    @property
    def first(self) -> int:
        """The position in the header of the first directory's offset."""
        return 8 if self.big else 4

    @property
    def entry_size(self) -> int:
        return 20 if self.big else 12


@dataclass(frozen=True)
class Directory:
    """A directory at `offset`. `next_at`: the position of the next one's offset, which is 0 at the end of the chain."""

    data: bytes
    layout: Layout
    offset: int
    entries: dict[int, tuple[int, int, int]]
    next_at: int

    @property
    def next(self) -> int:
        try:
            (offset,) = struct.unpack_from(self.layout.word, self.data, self.next_at)
        except struct.error:
            return 0
        return int(offset)

    def numbers(self, tag: int, most: int = 64) -> tuple[int, ...]:
        """The first integers of an entry; none when it is missing, has another type, or is beyond the file's end."""
        try:
            letter, count, at = self._integers(tag, most)
            return struct.unpack_from(f"{self.layout.order}{count}{letter}", self.data, at) if count else ()
        except struct.error:
            return ()

    def array(self, tag: int, most: int) -> NDArray[np.float64]:
        """The same of a long list, to reckon with."""
        try:
            letter, count, at = self._integers(tag, most)
            kind = self.layout.order + letter
            return np.frombuffer(self.data, kind, count, at).astype(np.float64) if count else np.zeros(0)
        except (struct.error, ValueError, OverflowError):
            return np.zeros(0)

    def _integers(self, tag: int, most: int) -> tuple[str, int, int]:
        """Type, number and place of the integers of an entry. Raises struct.error when the place is not there."""
        kind, count, at = self.entries.get(tag, (0, 0, 0))
        letter = _INTEGERS.get(kind)
        if letter is None:
            return "", 0, 0
        if count * struct.calcsize(self.layout.order + letter) > struct.calcsize(self.layout.word):
            (at,) = struct.unpack_from(self.layout.word, self.data, at)
        return letter, min(count, most), at

    def number(self, tag: int, default: int = 0) -> int:
        """The first integer of an entry."""
        found = self.numbers(tag, 1)
        return found[0] if found else default

    def loose_ends(self) -> Iterator[tuple[int, int]]:
        """Tags whose values are beyond the file's end, and where their positions are stored."""
        for tag, (kind, count, at) in self.entries.items():
            size = SIZES.get(kind, 0) * count
            if size > (8 if self.layout.big else 4):
                (place,) = struct.unpack_from(self.layout.word, self.data, at)
                if place + size > len(self.data):
                    yield tag, at

    @property
    def end(self) -> int:
        """Where it ends, with its values, but without what these point to."""
        ends = [self.next_at + struct.calcsize(self.layout.word)]
        for kind, count, at in self.entries.values():
            if (size := SIZES.get(kind, 0) * count) > struct.calcsize(self.layout.word):
                ends.append(struct.unpack_from(self.layout.word, self.data, at)[0] + size)
        return max(ends)

    @property
    def is_reduced(self) -> bool:
        """Whether the directory says that its picture is a smaller copy of another one in the file."""
        if Tag.NewSubfileType in self.entries:
            return bool(self.number(Tag.NewSubfileType) & 1)
        return self.number(Tag.SubfileType) == 2

    @property
    def is_mask(self) -> bool:
        """Whether it says where another picture is transparent (TIFF 6.0, section 8), by either of two tags."""
        return bool(self.number(Tag.NewSubfileType) & 4) or self.number(Tag.PhotometricInterpretation) == 4

    @property
    def pixels(self) -> int:
        return self.number(Tag.ImageWidth) * self.number(Tag.ImageLength)


def layout_of(data: bytes) -> Layout | None:
    """How numbers are written in the file; None when it is not a TIFF (or a raw file with that structure)."""
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None or len(data) < 8:
        return None
    (magic,) = struct.unpack_from(order + "H", data, 2)
    # Swapped magic numbers are wrong, but in use.
    return Layout(order, magic in (43, 43 << 8))


def directory_at(data: bytes, layout: Layout, offset: int) -> Directory | None:
    """The directory at an offset; None when there can be none."""
    try:
        (count,) = struct.unpack_from(layout.count, data, offset)
        start = offset + struct.calcsize(layout.count)
        entries: dict[int, tuple[int, int, int]] = {}
        for number in range(min(count, _MOST_ENTRIES)):
            at = start + number * layout.entry_size
            if at + layout.entry_size > len(data):
                return None
            tag, kind, values = struct.unpack_from(layout.order + ("HHQ" if layout.big else "HHI"), data, at)
            entries.setdefault(tag, (kind, values, at + (12 if layout.big else 8)))
    except (struct.error, OverflowError):
        return None
    next_at = start + count * layout.entry_size
    return Directory(data, layout, offset, entries, next_at)


def chain(data: bytes, most: int = _MOST_DIRECTORIES) -> Iterator[Directory]:
    """The pages of a TIFF, at most `most`. Stops when the chain loops or leads nowhere."""
    layout = layout_of(data)
    if layout is None or len(data) < layout.first + 8:
        return
    (offset,) = struct.unpack_from(layout.word, data, layout.first)
    seen: set[int] = set()
    while offset and offset not in seen and len(seen) < most:
        seen.add(offset)
        if (directory := directory_at(data, layout, offset)) is None:
            return
        yield directory
        offset = directory.next


def pages_of(data: bytes) -> tuple[list[Directory], int]:
    """The pages, and where those begin that are not looked at; 0 when all of them are."""
    pages: list[Directory] = []
    left = _MOST_ENTRIES_OF_PAGES
    for page in chain(data, _MOST_PAGES):
        pages.append(page)
        left -= (page.next_at - page.offset) // page.layout.entry_size
        if left < 0:
            return pages, page.next
    return pages, pages[-1].next if len(pages) == _MOST_PAGES else 0


def below(directory: Directory) -> Iterator[Directory]:
    """The directories that an entry of this one points to: further sizes of a page, or a camera's raw data."""
    for offset in directory.numbers(Tag.SubIFDs):
        if (found := directory_at(directory.data, directory.layout, offset)) is not None:
            yield found


def everywhere(data: bytes) -> Iterator[Directory]:
    """Pages and the directories below them, each once; no more than a file can reasonably have."""
    return islice(_with_those_below(chain(data), set()), 2 * _MOST_DIRECTORIES)


def _with_those_below(directories: Iterator[Directory], seen: set[int]) -> Iterator[Directory]:
    for directory in directories:
        if directory.offset not in seen:
            seen.add(directory.offset)
            yield directory
            yield from _with_those_below(below(directory), seen)
