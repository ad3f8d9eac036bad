"""HEIC and AVIF with more properties of their picture, as phones write them: a turn, a part of it that is to be seen."""

from __future__ import annotations

import struct
from typing import Any

from processor_service.formats.boxes import box, boxes
from tests.helpers.pictures import picture

SIDE = 256


def turn(quarters: int) -> bytes:
    return struct.pack(">I4sB", 9, b"irot", quarters)


def mirror(axis: int) -> bytes:
    return struct.pack(">I4sB", 9, b"imir", axis)


def clip(width: int, height: int, right: int = 0, down: int = 0) -> bytes:
    """A part of the picture (`clap`), and how far its middle lies from the picture's."""
    return struct.pack(">I4s4I4i", 40, b"clap", width, 1, height, 1, right, 1, down, 1)


def profile(content: bytes) -> bytes:
    return box(b"colr", b"prof" + content)


def heic(*properties: bytes) -> bytes:
    """A HEIC of 256 x 256 pixels whose only item has these properties, too, in this order."""
    return with_properties(picture("thumbor/image.heic"), *properties)


def with_properties(data: bytes, *properties: bytes) -> bytes:
    """An AVIF or HEIF of one picture, which gets these properties, too, behind its own."""
    return _rewritten(data, len(b"".join(properties)) + len(properties), list(properties))


def _rewritten(data: bytes, longer: int, properties: list[bytes]) -> bytes:
    inside = {b"meta": 4, b"iprp": 0}

    def changed(start: int, end: int) -> bytes:
        return b"".join(box(name, body(name, data[at:to], at, to)) for name, at, to in boxes(data, start, end))

    def body(name: bytes, content: bytes, at: int, to: int) -> Any:
        if name in inside:
            return content[: inside[name]] + changed(at + inside[name], to)
        if name == b"ipco":
            return content + b"".join(properties)
        if name == b"ipma":
            return _told(content, known(data), len(properties))
        return _moved(content, longer) if name == b"iloc" else content

    return changed(0, len(data))


def known(data: bytes) -> int:
    """How many properties the file has."""
    at = data.index(b"ipco")
    return sum(1 for _ in boxes(data, at + 4, at - 4 + int.from_bytes(data[at - 4 : at])))


def _told(content: bytes, first: int, more: int) -> bytes:
    """The first item has more properties. Version, flags, the number of items, the item, how many it has, these."""
    assert content[:4] == bytes(4), "numbers of two bytes, properties of one"
    count = content[10]
    new = bytes(0x80 | (first + 1 + number) for number in range(more))
    return content[:10] + bytes([count + more]) + content[11 : 11 + count] + new + content[11 + count :]


def _moved(content: bytes, by: int) -> bytes:
    """Each item has one place of four bytes and as long a length, behind its number and its base."""
    wide = content[0] > 0
    before, base = (8 if wide else 6), content[5] >> 4
    assert content[4] == 0x44
    moved = bytearray(content)
    at = 8
    for _ in range(int.from_bytes(content[6:8])):
        place = at + before - 2 + base + 2
        if not wide or content[at + 3] == 0:
            struct.pack_into(">I", moved, place, int.from_bytes(content[place : place + 4]) + by)
        at = place + 8
    return bytes(moved)


def with_exifs(*blocks: bytes) -> bytes:
    """The same HEIC with items of EXIF, in this order, which lie behind its pixels."""
    data = heic()
    inside = {name: (at, to) for name, at, to in boxes(data, data.index(b"meta") + 8, 351)}
    numbers = range(2, 2 + len(blocks))
    listed = b"".join(box(b"infe", b"\2\0\0\0" + number.to_bytes(2) + b"\0\0Exif\0") for number in numbers)
    described = box(b"iref", bytes(4) + b"".join(box(b"cdsc", struct.pack(">3H", number, 1, 1)) for number in numbers))
    # Where the TIFF begins behind these four bytes.
    contents = [bytes(4) + block for block in blocks]
    # An entry has a number, a source, a base, how many parts, where the only one is, and its length.
    one = 2 + 2 + 4 + 2 + 4 + 4
    longer = one * len(blocks) + len(listed) + len(described)
    at, to = inside[b"iloc"]
    old, place = data[at:to], len(data) + longer + 8
    base = int.from_bytes(old[12:16]) + longer
    places = old[:6] + (1 + len(blocks)).to_bytes(2) + old[8:12] + base.to_bytes(4) + old[16:]
    for number, content in zip(numbers, contents, strict=True):
        places += struct.pack(">2H", number, 0) + bytes(4) + struct.pack(">HII", 1, place, len(content))
        place += len(content)
    at, to = inside[b"iinf"]
    items = data[at : at + 4] + (1 + len(blocks)).to_bytes(2) + data[at + 6 : to] + listed
    changed = {b"iloc": places, b"iinf": items}
    body = b"".join(box(name, changed.get(name, data[at:to])) for name, (at, to) in inside.items())
    return data[:28] + box(b"meta", data[36:40] + body + described) + data[351:] + box(b"mdat", b"".join(contents))
