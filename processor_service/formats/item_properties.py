"""Properties of the pictures in AVIF and HEIF files: turns, parts to be shown, colours (ISO 23008-12, 6.5 and 9.3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from .boxes import Numbers, boxes

# What items have takes a few bytes each, and a picture of a phone has about fifty; there may be four such boxes.
_MOST_BYTES, _MOST_TOLD = 100_000, 4


@dataclass(frozen=True)
class ItemProperty:
    """One property of an item: its box, where its content begins and ends.

    `at`, `size`: the place in the file, and the bytes, of the number by which the item has it. Zeros take it away.
    """

    item: int
    name: bytes
    start: int
    end: int
    at: int
    size: int


def item_properties(data: bytes) -> Iterator[ItemProperty]:
    """The properties of all items, those of an item in their order. Raises ValueError when a box ends too early."""
    inside = _of_meta(data)
    if b"iprp" not in inside:
        return
    held = list(boxes(data, *inside[b"iprp"]))
    known = [part for name, start, end in held if name == b"ipco" for part in boxes(data, start, end)]
    told = ((start, end) for name, start, end in held if name == b"ipma" and end - start <= _MOST_BYTES)
    for start, _ in islice(told, _MOST_TOLD):
        for item, number, at, size in _told(data, start):
            if 0 < number <= len(known) and known[number - 1][2] <= len(data):
                yield ItemProperty(item, *known[number - 1], at, size)


def of_primary(data: bytes) -> list[ItemProperty]:
    """Those of the primary picture. Raises ValueError when a box ends too early."""
    inside = _of_meta(data)
    if b"pitm" not in inside:
        return []
    at, _ = inside[b"pitm"]
    primary = Numbers(data, at + 4).next(4 if data[at] else 2)
    return [one for one in item_properties(data) if one.item == primary]


def without_properties(data: bytes, properties: list[ItemProperty]) -> bytes:
    """The same file in which the items do not have these properties. Nothing else in it moves."""
    changed = bytearray(data)
    for one in properties:
        changed[one.at : one.at + one.size] = bytes(one.size)
    return bytes(changed)


def _of_meta(data: bytes) -> dict[bytes, tuple[int, int]]:
    start, end = next(((start + 4, end) for name, start, end in boxes(data) if name == b"meta"), (0, 0))
    return {name: (start, end) for name, start, end in boxes(data, start, end)}


def _told(data: bytes, start: int) -> Iterator[tuple[int, int, int, int]]:
    """Items and the numbers, from 1, of their properties in a box `ipma`, with place and size of these numbers."""
    version, wide = data[start], data[start + 3] & 1
    numbers = Numbers(data, start + 4)
    for _ in range(numbers.next(4)):
        item = numbers.next(4 if version else 2)
        for _ in range(numbers.next(1)):
            at, size = numbers.position, 2 if wide else 1
            # The highest bit says that whoever does not know the property must not show the picture.
            yield item, numbers.next(size) & (0x7FFF if wide else 0x7F), at, size
