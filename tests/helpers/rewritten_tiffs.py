"""TIFFs written again in another layout: BigTIFF or classic, in either byte order, the pixels as they are."""

from __future__ import annotations

import struct

# Bytes of a value of each type, and of the numbers in it, whose order counts.
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_NUMBERS = _SIZES | {5: 4, 10: 4}
_LONG, _LONG8, _IFD8 = 4, 16, 18
_PIXELS, _DIRECTORIES = {273: 279, 324: 325}, (330, 34665, 34853, 40965)


def rewritten(data: bytes, order: str, big: bool, kinds: dict[int, int] | None = None) -> bytes:
    """A classic TIFF in the layout; samples of more than 8 bits must be in that byte order already.

    In a BigTIFF places and lengths have 64 bits, where pixels lie as well as where directories do. `kinds`: the types
    that certain tags get, of the same size or larger.
    """
    magic = (43, 8, 0, 0) if big else (42, 0)
    body = bytearray({"<": b"II", ">": b"MM"}[order] + struct.pack(order + ("HHHQ" if big else "HI"), *magic))
    source = "<" if data[:2] == b"II" else ">"
    place, width = (8, "Q") if big else (4, "I")
    (offset,) = struct.unpack_from(source + "I", data, 4)
    while offset:
        start, place_of_next, offset = _directory(data, source, offset, body, order, big, kinds or {})
        struct.pack_into(order + width, body, place, start)
        place = place_of_next
    return bytes(body)


def _directory(
    data: bytes, source: str, offset: int, body: bytearray, order: str, big: bool, kinds: dict[int, int]
) -> tuple[int, int, int]:
    """Where it is written, where the place of the next one stands, and where the next one is in the source."""
    (count,) = struct.unpack_from(source + "H", data, offset)
    values: dict[int, tuple[int, list[int] | bytes]] = {}
    for at in range(offset + 2, offset + 2 + 12 * count, 12):
        tag, kind, amount = struct.unpack_from(source + "HHI", data, at)
        size, each = _SIZES[kind] * amount, _NUMBERS[kind]
        at = at + 8 if size <= 4 else struct.unpack_from(source + "I", data, at + 8)[0]
        content = data[at : at + size]
        numbers = [content[start : start + each] for start in range(0, size, each)]
        values[tag] = kind, b"".join(numbers if source == order else [number[::-1] for number in numbers])
    for places, lengths in _PIXELS.items():
        if places in values:
            found = [_integers(values[tag], order) for tag in (places, lengths)]
            moved = []
            for place, length in zip(*found, strict=True):
                moved.append(len(body))
                body += data[place : place + length]
            values[places], values[lengths] = (_LONG, moved), (_LONG, found[1])
    for tag in _DIRECTORIES:
        if tag in values:
            below = _integers(values[tag], order)
            values[tag] = _LONG, [_directory(data, source, place, body, order, big, kinds)[0] for place in below]
    entries = [_entry(tag, *value, body, order, big, kinds) for tag, value in sorted(values.items())]
    body += bytes(len(body) % 2)
    start = len(body)
    body += struct.pack(order + ("Q" if big else "H"), len(entries)) + b"".join(entries)
    next_at = len(body)
    body += bytes(8 if big else 4)
    (following,) = struct.unpack_from(source + "I", data, offset + 2 + 12 * count)
    return start, next_at, following


def _entry(
    tag: int, kind: int, value: list[int] | bytes, body: bytearray, order: str, big: bool, kinds: dict[int, int]
) -> bytes:
    width, room = ("Q", 8) if big else ("I", 4)
    if isinstance(value, list):
        count, content = len(value), struct.pack(f"{order}{len(value)}{width}", *value)
        kind = (_IFD8 if tag in _DIRECTORIES else _LONG8) if big else _LONG
    else:
        count, content = len(value) // _SIZES[kind], value
    if tag in kinds:
        (number,) = _integers((kind, content), order)
        kind, count = kinds[tag], 1
        content = b"%d\0" % number if kind == 2 else number.to_bytes(_SIZES[kind], "little" if order == "<" else "big")
        count = len(content) // _SIZES[kind]
    if len(content) > room:
        place = len(body)
        body += content
        content = struct.pack(order + width, place)
    return struct.pack(f"{order}HH{width}", tag, kind, count) + content.ljust(room, b"\0")


def _integers(value: tuple[int, list[int] | bytes], order: str) -> list[int]:
    kind, content = value
    assert isinstance(content, bytes)
    letter = {1: "B", 3: "H", 4: "I", 13: "I"}[kind]
    return list(struct.unpack(f"{order}{len(content) // _SIZES[kind]}{letter}", content))
