"""Names hidden in numbers, tables and unused parts of AVIF: none is stored."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest

from processor_service.formats.boxes import boxes
from tests.helpers.hidden import assert_gone
from tests.helpers.secrets_in_files import NAME, box, saved, small

Change = Callable[[bytes], bytes]
# Bytes before the boxes within a box.
BEFORE = {b"meta": 4, b"stsd": 8, b"av01": 78, b"iinf": 6, b"iref": 4}
SHORT = b"Zeb!"
PATHS = {
    name: (b"meta", *path)
    for name, *path in (
        *((name, name) for name in (b"hdlr", b"pitm", b"iloc", b"iinf", b"iref", b"idat")),
        (b"ipma", b"iprp", b"ipma"),
        (b"ipco", b"iprp", b"ipco"),
        (b"infe", b"iinf", b"infe"),
        *((name, b"iprp", b"ipco", name) for name in (b"ispe", b"pixi", b"av1C", b"colr")),
    )
}
TRACK = (b"moov", b"trak")
TABLES = (*TRACK, b"mdia", b"minf", b"stbl")
PATHS |= {
    b"ftyp": (b"ftyp",),
    b"meta": (b"meta",),
    b"mvhd": (b"moov", b"mvhd"),
    b"tkhd": (*TRACK, b"tkhd"),
    b"trak": TRACK,
}
PATHS |= {b"mdhd": (*TRACK, b"mdia", b"mdhd"), b"elst": (*TRACK, b"edts", b"elst")}
PATHS |= {b"vmhd": (*TRACK, b"mdia", b"minf", b"vmhd"), b"dref": (*TRACK, b"mdia", b"minf", b"dinf", b"dref")}
PATHS |= {name: (*TABLES, name) for name in (b"stsd", b"stts", b"stsc", b"stsz", b"stco", b"stss")}
PATHS |= {b"stbl": TABLES, b"av01": (*TABLES, b"stsd", b"av01"), b"ccst": (*TABLES, b"stsd", b"av01", b"ccst")}


def changed(data: bytes, path: tuple[bytes, ...], change: Change) -> bytes:
    """The file with other content in the first box of that path; places of pixels move with it."""
    begin = next(start for name, start, _ in boxes(data) if name == b"mdat")
    found = _changed(data, path, change)
    moved = begin + len(found) - len(data)
    return found[: moved - 8].replace(struct.pack(">I", begin), struct.pack(">I", moved)) + found[moved - 8 :]


def _changed(data: bytes, path: tuple[bytes, ...], change: Change) -> bytes:
    if not path:
        return change(data)
    before = BEFORE.get(path[0], 0) if len(path) > 1 else 0
    at, end = next((start, end) for name, start, end in boxes(data) if name == path[0])
    inner = data[at : at + before] + _changed(data[at + before : end], path[1:], change)
    return data[: at - 8] + box(path[0], inner) + data[end:]


def over(at: int, secret: bytes) -> Change:
    return lambda body: body[:at] + secret + body[at + len(secret) :]


def behind(secret: bytes) -> Change:
    return lambda body: body + secret


def counted(at: int, size: int, entry: bytes) -> Change:
    """One more entry in a table whose number of entries stands there."""
    return lambda body: (
        body[:at] + (int.from_bytes(body[at : at + size]) + 1).to_bytes(size) + body[at + size :] + entry
    )


STILL: dict[str, tuple[bytes, Change, bytes]] = {
    "brand": (b"ftyp", behind(SHORT), SHORT),
    "minor version": (b"ftyp", over(4, SHORT), SHORT),
    "handler, reserved": (b"hdlr", over(12, NAME[:12]), NAME[:12]),
    "handler, before its type": (b"hdlr", over(4, SHORT), SHORT),
    "behind the primary item": (b"pitm", behind(SHORT), SHORT),
    "behind the places": (b"iloc", behind(NAME), NAME),
    "behind the items": (b"iinf", behind(SHORT), SHORT),
    "behind the properties of items": (b"ipma", behind(NAME), NAME),
    "behind the properties": (b"ipco", behind(SHORT), SHORT),
    "properties of an item that is not there": (b"ipma", counted(4, 4, b"\x7a\x7a\x0d" + NAME), NAME),
    "an unknown property": (b"ipco", behind(box(b"Quir", NAME)), NAME),
    "a size that no item has": (b"ipco", behind(box(b"ispe", bytes(4) + b"Zebe" * 2)), b"Zebe" * 2),
    "a crop that no item has": (b"ipco", behind(box(b"clap", b"Zebe" * 8)), b"Zebe" * 8),
    "brightness of a screen": (b"ipco", behind(box(b"mdcv", NAME[:12] * 2)), NAME[:12]),
    "bytes of a colour space": (b"colr", over(4, b"Zebed"), b"Zebed"),
    "behind the depths": (b"pixi", behind(SHORT), SHORT),
    "a sequence header before the pixels": (b"av1C", behind(bytes((0x0A, len(NAME))) + NAME), NAME),
    "references to nothing": (b"meta", behind(box(b"iref", bytes(4) + box(b"dimg", b"\0\1\0\2Zebe"))), b"Zebe"),
    "behind the references": (b"meta", behind(box(b"iref", bytes(4) + SHORT)), SHORT),
    "data of items that no item has": (b"meta", behind(box(b"idat", NAME)), NAME),
    "a second list of places": (b"meta", behind(box(b"iloc", bytes(8) + NAME)), NAME),
    "an item without pixels": (b"iinf", counted(4, 2, box(b"infe", b"\2\0\0\0\0\x09\0\0av01Zebe\0")), b"Zebe"),
    "protection of an item": (b"infe", over(6, b"Zq"), b"Zqav01"),
}
MOVING: dict[str, tuple[bytes, Change, bytes]] = {
    "creation times": (b"mvhd", over(4, NAME), NAME),
    "reserved numbers of the animation": (b"mvhd", over(84, NAME), NAME),
    "behind the animation": (b"mvhd", behind(NAME), NAME),
    "creation times of a track": (b"tkhd", over(4, NAME), NAME),
    "reserved numbers of a track": (b"tkhd", over(36, NAME), NAME),
    "matrix of a track": (b"tkhd", over(52, NAME), NAME),
    "creation times of media": (b"mdhd", over(4, NAME), NAME),
    "language": (b"mdhd", over(32, b"Zq"), b"Zq\0\0"),
    "edits": (b"elst", counted(4, 4, NAME + b"\0" * 7), NAME),
    "colours of a screen": (b"vmhd", over(4, NAME[:8]), NAME[:8]),
    "behind the file of the data": (b"dref", behind(NAME), NAME),
    "reserved numbers of samples": (b"av01", over(8, NAME), NAME),
    "resolution of samples": (b"av01", over(28, NAME[:8]), NAME[:8]),
    "behind the kind of samples": (b"av01", behind(SHORT), SHORT),
    "name of the compressor": (b"av01", over(42, b"\x0d" + NAME), NAME),
    "bits a second": (b"av01", behind(box(b"btrt", NAME[:12])), NAME[:12]),
    "kind of an auxiliary track": (b"av01", behind(box(b"auxi", bytes(4) + NAME)), NAME),
    "reserved bits": (b"ccst", over(5, b"Zeb"), b"Zeb"),
    "durations of no samples": (b"stts", counted(4, 4, b"\0\0\0\0Zebe"), b"Zebe"),
    "chunks that are not there": (b"stsc", counted(4, 4, b"\0\1\0\0" + NAME[:8]), NAME[:8]),
    "samples in no chunk": (b"stsz", counted(8, 4, b"Zebe"), b"Zebe"),
    "whole frames that are not there": (b"stss", counted(4, 4, b"Zebe"), b"Zebe"),
    "a second table of places": (b"stbl", behind(box(b"co64", b"\0\0\0\0\0\0\0\1" + NAME[:8])), NAME[:8]),
    "composition times": (b"stbl", behind(box(b"cslg", bytes(4) + NAME[:10] * 2)), NAME[:10]),
    "references of a track": (b"trak", behind(box(b"tref", box(b"auxl", b"Zebedee "))), b"Zebedee "),
}


def still(case: str) -> tuple[bytes, bytes]:
    name, change, secret = STILL[case]
    return changed(saved("AVIF"), PATHS[name], change), secret


def moving(case: str) -> tuple[bytes, bytes]:
    name, change, secret = MOVING[case]
    data = saved("AVIF", save_all=True, append_images=[small().rotate(180)], duration=100)
    return changed(data, PATHS[name], change), secret


@pytest.mark.parametrize("case", STILL)
def test_nothing_hides_in_a_picture(case: str) -> None:
    assert_gone(*still(case))


@pytest.mark.parametrize("case", MOVING)
def test_nothing_hides_in_an_animation(case: str) -> None:
    assert_gone(*moving(case))


def test_nothing_hides_in_pixels_that_nobody_shows() -> None:
    data = saved("AVIF")
    begin = next(start for name, start, _ in boxes(data) if name == b"mdat")
    # A second item, whose frame is no frame.
    frame = b"\x12\0" + bytes((0x32, len(NAME))) + NAME
    place = b"\0\x09\0\0\0\1" + struct.pack(">II", len(data), len(frame))
    more = changed(data, PATHS[b"iinf"], counted(4, 2, box(b"infe", b"\2\0\0\0\0\x09\0\0av01\0")))
    place = place.replace(struct.pack(">I", len(data)), struct.pack(">I", len(more) + len(place)))
    more = changed(more, PATHS[b"iloc"], counted(6, 2, place)) + frame
    last = len(more) - len(frame) - (len(data) - begin) - 8
    size = int.from_bytes(more[last : last + 4]) + len(frame)
    assert_gone(more[:last] + size.to_bytes(4) + more[last + 4 :], NAME)
