"""A HEIC with more properties of its picture, as phones write them: a turn, a part of it that is to be seen."""

from __future__ import annotations

import struct

from tests.helpers.pictures import picture

SIDE = 256


def turn(quarters: int) -> bytes:
    return struct.pack(">I4sB", 9, b"irot", quarters)


def clip(width: int, height: int) -> bytes:
    """The middle of the picture (`clap`)."""
    return struct.pack(">I4s8I", 40, b"clap", width, 1, height, 1, 0, 1, 0, 1)


def heic(*properties: bytes) -> bytes:
    """A HEIC of 256 x 256 pixels whose only item has these properties, too, in this order."""
    data = bytearray(picture("thumbor/image.heic"))
    start = {name: data.index(name) - 4 for name in (b"meta", b"iprp", b"ipco", b"ipma", b"iloc")}
    size = {name: int.from_bytes(data[at : at + 4]) for name, at in start.items()}
    first, known = start[b"ipco"] + 8, 0
    while first < start[b"ipco"] + size[b"ipco"]:
        first, known = first + int.from_bytes(data[first : first + 4]), known + 1
    # One item: behind version, flags, their number and the item's number stands how many properties it has.
    count = start[b"ipma"] + 18
    behind = count + 1 + data[count]
    packed = b"".join(properties)
    more = {b"ipma": len(properties), b"ipco": len(packed)}
    more |= dict.fromkeys((b"iprp", b"meta"), len(properties) + len(packed))
    for name, by in more.items():
        struct.pack_into(">I", data, start[name], size[name] + by)
    # One place, of four bytes, behind the item's number and the number of its parts.
    place = start[b"iloc"] + 8 + 4 + 2 + 2 + 4 + 4 + 2
    struct.pack_into(">I", data, place, int.from_bytes(data[place : place + 4]) + more[b"meta"])
    data[count] += len(properties)
    data[behind:behind] = bytes(0x80 | (known + 1 + number) for number in range(len(properties)))
    at = start[b"ipco"] + size[b"ipco"]
    data[at:at] = packed
    return bytes(data)
