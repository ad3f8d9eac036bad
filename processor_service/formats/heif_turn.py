"""Whether a HEIF is turned by a quarter. Its decoder turns it, and says how large it is then."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from .boxes import Numbers, boxes

# What items have takes a few bytes each, and a picture of a phone has about fifty; there may be four such boxes.
_MOST_BYTES, _MOST_TOLD = 100_000, 4


def is_quarter_turned(data: bytes) -> bool:
    """Whether the primary picture has a turn by 90 or 270 degrees (`irot`, ISO 23008-12, 6.5.10); False if broken."""
    try:
        return any(angle % 2 for angle in _turns(data))
    except (ValueError, IndexError):
        return False


def _turns(data: bytes) -> Iterator[int]:
    """The turns of the primary picture, in quarters."""
    start, end = next(((start + 4, end) for name, start, end in boxes(data) if name == b"meta"), (0, 0))
    inside = {name: (start, end) for name, start, end in boxes(data, start, end)}
    if not {b"pitm", b"iprp"} <= inside.keys():
        return
    at, _ = inside[b"pitm"]
    primary = Numbers(data, at + 4).next(4 if data[at] else 2)
    held = list(boxes(data, *inside[b"iprp"]))
    properties = [part for name, start, end in held if name == b"ipco" for part in boxes(data, start, end)]
    told = ((start, end) for name, start, end in held if name == b"ipma" and end - start <= _MOST_BYTES)
    for start, _ in islice(told, _MOST_TOLD):
        for number in _properties_of(data, start, primary):
            if 0 < number <= len(properties) and properties[number - 1][0] == b"irot":
                yield data[properties[number - 1][1]] & 3


def _properties_of(data: bytes, start: int, wanted: int) -> Iterator[int]:
    """The numbers, from 1, of an item's properties in a box `ipma` (ISO 23008-12, 9.3.1).

    Raises ValueError when the box ends too early.
    """
    version, wide = data[start], data[start + 3] & 1
    numbers = Numbers(data, start + 4)
    for _ in range(numbers.next(4)):
        item = numbers.next(4 if version else 2)
        for _ in range(numbers.next(1)):
            number = numbers.next(2) & 0x7FFF if wide else numbers.next(1) & 0x7F
            if item == wanted:
                yield number
