"""The same name within the compressed pixels of AVIF and HEIF, in units that decoders pass over, and behind them."""

from __future__ import annotations

import struct
from collections.abc import Callable

from processor_service.formats.boxes import boxes, item_places
from tests.helpers.pictures import picture
from tests.helpers.secrets_in_files import NAME, saved, small

T35 = bytes((4, 0xB5, 0, 0x3C)) + NAME + b"\x80"


def av1_unit(kind: int, content: bytes, *, sized: bool = True) -> bytes:
    return bytes((kind << 3 | 2 * sized,)) + (bytes((len(content),)) if sized else b"") + content


def hevc_unit(kind: int, content: bytes) -> bytes:
    return struct.pack(">IBB", len(content) + 2, kind << 1, 1) + content


SEI = bytes((5, 16 + len(NAME))) + bytes(range(16)) + NAME + b"\x80"


def longer(data: bytes, unit: bytes) -> bytes:
    """The file with one more unit at the end of the pixels that lie last in it."""
    (begin,) = (start for name, start, end in boxes(data) if name == b"mdat" and end == len(data))
    meta = next(start for name, start, _ in boxes(data) if name == b"meta") + 4
    size = next(end for name, start, end in boxes(data) if name == b"meta")
    places = next(start for name, start, _ in boxes(data, meta, size) if name == b"iloc")
    changed = bytearray(data + unit)
    struct.pack_into(">I", changed, begin - 8, len(changed) - begin + 8)
    last = [place for place in item_places(data, places) if place.start + place.length == len(data)]
    if last:
        at = data.index(struct.pack(">I", last[0].length), places)
        struct.pack_into(">I", changed, at, last[0].length + len(unit))
    else:
        # The last sample of an animation; its size stands at the end of a table.
        at = data.rindex(b"stsz") - 4
        at += int.from_bytes(data[at : at + 4]) - 4
        struct.pack_into(">I", changed, at, int.from_bytes(data[at : at + 4]) + len(unit))
    return bytes(changed)


def with_longer_frame(data: bytes) -> bytes:
    """The still AVIF of which the last unit, a frame, says that the name is a part of it."""
    begin = next(start for name, start, _ in boxes(data) if name == b"mdat")
    at = data.index(b"\x32", begin)
    size = data[at + 1] & 0x7F | data[at + 2] << 7
    assert (data[at + 1] > 0x7F > data[at + 2], at + 3 + size) == (True, len(data))
    size += len(NAME)
    return data[: at + 1] + bytes((size & 0x7F | 0x80, size >> 7)) + data[at + 3 :]


def moving() -> bytes:
    return saved("AVIF", save_all=True, append_images=[small().rotate(180)], duration=100)


FILES: dict[str, Callable[[], bytes]] = {
    "AVIF, ITU-T T.35": lambda: longer(saved("AVIF"), av1_unit(5, T35)),
    "AVIF, ITU-T T.35 without its size": lambda: longer(saved("AVIF"), av1_unit(5, T35, sized=False)),
    "AVIF, metadata of a private type": lambda: longer(saved("AVIF"), av1_unit(5, bytes((20,)) + NAME + b"\x80")),
    "AVIF, padding": lambda: longer(saved("AVIF"), av1_unit(15, NAME)),
    "AVIF, reserved": lambda: longer(saved("AVIF"), av1_unit(9, NAME)),
    "AVIF, behind the last tile": lambda: longer(with_longer_frame(saved("AVIF")), NAME),
    "AVIF, moving": lambda: longer(moving(), av1_unit(5, T35)),
    "HEIF, user data": lambda: longer(picture("thumbor/image.heic"), hevc_unit(39, SEI)),
    "HEIF, user data behind": lambda: longer(picture("thumbor/image.heic"), hevc_unit(40, SEI)),
    "HEIF, filler": lambda: longer(picture("thumbor/image.heic"), hevc_unit(38, NAME)),
}
