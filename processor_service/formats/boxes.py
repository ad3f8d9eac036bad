"""Boxes of JPEG 2000 (ISO/IEC 15444-1, annex I) and of ISO base media files, AVIF and HEIF (ISO/IEC 14496-12)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

# More than any picture has.
_MOST_BOXES, _MOST_PLACES = 10_000, 10_000


def boxes(data: bytes, start: int = 0, end: int | None = None) -> Iterator[tuple[bytes, int, int]]:
    """Name of each box between `start` and `end`, and where its content begins and ends.

    The end is what the box says; it may be beyond `end`. Stops at a box with an impossible length.
    """
    position, most = start, len(data) if end is None else end
    for _ in range(_MOST_BOXES):
        if position + 8 > most:
            return
        size, name, header = int.from_bytes(data[position : position + 4]), data[position + 4 : position + 8], 8
        if size == 1:
            size, header = int.from_bytes(data[position + 8 : position + 16]), 16
        following = position + size if size else most
        if following < position + header:
            return
        yield name, position + header, following
        position = following


def box(name: bytes, content: bytes) -> bytes:
    """A box with this content."""
    return (8 + len(content)).to_bytes(4) + name + content


@dataclass
class Numbers:
    """Big-endian numbers, one after the other."""

    data: bytes
    position: int

    def next(self, size: int) -> int:
        """A number of that many bytes. Raises ValueError at the end."""
        if self.position + size > len(self.data):
            raise ValueError("a box ends too early")
        self.position += size
        return int.from_bytes(self.data[self.position - size : self.position])


@dataclass(frozen=True)
class Extent:
    """Where a part of an item is: counted from the beginning of the file, or of the box `idat` (method 1)."""

    item: int
    method: int
    start: int
    length: int


def item_places(data: bytes, start: int) -> Iterator[Extent]:
    """The places in a box `iloc` (8.11.3). Raises ValueError when it ends too early, or has too many places.

    A place may take no bytes in the box, so the box's length does not bound them.
    """
    version, numbers = data[start], Numbers(data, start + 4)
    sizes = numbers.next(2)
    of_offset, of_length, of_base, of_index = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    wide = 4 if version == 2 else 2
    left = _MOST_PLACES
    for _ in range(numbers.next(wide)):
        item = numbers.next(wide)
        method = numbers.next(2) if version else 0
        # Which file, if it is not this one.
        numbers.next(2)
        base = numbers.next(of_base)
        count = numbers.next(2)
        left -= 1 + count
        if left < 0:
            raise ValueError("the file has too many items")
        for _ in range(count):
            numbers.next(of_index if version else 0)
            offset = base + numbers.next(of_offset)
            yield Extent(item, method & 15, offset, numbers.next(of_length))


def items(data: bytes, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """The number of each item in the content of a box `iinf` (8.11.6); where its type stands, and its end.

    Behind the type stands what is said of it, its name first.
    """
    wide = data[start] > 0
    for name, begin, last in boxes(data, start + (8 if wide else 6), end):
        if name != b"infe" or data[begin] < 2:
            raise ValueError("an item of a kind that is not known")
        numbers = Numbers(data, begin + 4)
        item = numbers.next(4 if data[begin] > 2 else 2)
        yield item, numbers.position + 2, last
