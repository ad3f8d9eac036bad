"""The same in values of TIFF whose type or number is odd: programs cannot copy them, so they must not be left as they are.

Types that TIFF does not have, types of BigTIFF in a classic TIFF, places of directories in other types, numbers of values
that no file has, tags that nobody knows; in each layout, on the first page, on a later one, and below one.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from tests.helpers.secrets_in_files import NAME, Place, small

_SHORT, _LONG, _LONG8 = 3, 4, 16
_DESCRIPTION, _SOFTWARE, _ARTIST, _SUB_DIRECTORIES, _EXIF, _GPS = 270, 305, 315, 330, 34665, 34853
# 0 and from 19 on there are none, nor 14 and 15; 16 to 18 are those of BigTIFF; 13 is a directory's place.
_TYPES = (0, *range(3, 20), 99, 129, 255, 256, 0x4242, 65535)
_COUNTS = (0, 1, 2**16, 2**31, 2**32 - 1)
# A private tag, those of GeoTIFF, of a printer, of a camera's maker, of profiles for raw files, the last there may be.
_TAGS = (_ARTIST, 65000, 34737, 50341, 37500, 51125, 65535)
# Tags that say how pixels are read, but need not be there.
_OF_PIXELS = (254, 255, 266, 274, 281, 282, 292, 296, 317, 318, 334, 338, 339, 532)


@dataclass(frozen=True)
class Entry:
    """An entry as it is written. `place`: where the value is, if it is anywhere else than right behind the directory."""

    kind: int
    count: int
    value: bytes
    place: int | None = None


@dataclass(frozen=True)
class Layout:
    order: str
    big: bool

    @property
    def word(self) -> str:
        return self.order + ("Q" if self.big else "I")

    @property
    def room(self) -> int:
        return struct.calcsize(self.word)


CLASSIC = Layout("<", big=False)
LAYOUTS = {
    "": CLASSIC,
    "MM: ": Layout(">", big=False),
    "big: ": Layout("<", big=True),
    "big MM: ": Layout(">", big=True),
}


def tiff() -> Iterator[Place]:
    for kind in _TYPES:
        for name, layout in LAYOUTS.items():
            yield f"{name}an artist of type {kind}", _file({_ARTIST: Entry(kind, len(NAME), NAME)}, layout)
            yield f"{name}a place of type {kind}", _with_directory(_GPS, kind, layout)
    for kind in (2, 0, _LONG8):
        for count in _COUNTS:
            yield f"{count} values of type {kind}", _file({_ARTIST: Entry(kind, count, NAME)})
        for tag in _TAGS:
            yield f"tag {tag} of type {kind}", _file({tag: Entry(kind, len(NAME), NAME)})
        yield f"second page: type {kind}", _file({}, pages=[{_ARTIST: Entry(kind, len(NAME), NAME)}])
        yield f"below a page: type {kind}", _with_directory(_SUB_DIRECTORIES, _LONG, of=Entry(kind, len(NAME), NAME))
    for tag in _OF_PIXELS:
        for kind in (0, 2):
            yield f"tag {tag}, of the pixels, of type {kind}", _file({tag: Entry(kind, len(NAME), NAME)})
    for kind in (_SHORT, 13, _LONG8, 18):
        yield f"exif by type {kind}", _with_directory(_EXIF, kind, of=Entry(2, len(NAME), NAME))
        yield f"several directories of type {kind}", _with_directory(_SUB_DIRECTORIES, kind, count=3)
    yield "before the first page", _file({_SOFTWARE: Entry(2, len(NAME), b"", 8)}, before=NAME)
    yield "a value beyond the file", _file({_DESCRIPTION: Entry(2, len(NAME), b"", 2**31 - 1)}) + NAME


def _with_directory(tag: int, kind: int, layout: Layout = CLASSIC, of: Entry | None = None, count: int = 1) -> bytes:
    """A file with a directory that a tag names, with its place as a number of that type, at the beginning."""
    entries = {_ARTIST: of or Entry(2, len(NAME), NAME), 2: Entry(5, 3, _degrees(layout))}
    below, _ = _directory(entries, layout, _first(layout))
    size = {_SHORT: 2, 8: 2, 16: 8, 17: 8, 18: 8, 12: 8}.get(kind, 4)
    place = _first(layout).to_bytes(size, "little" if layout.order == "<" else "big")
    return _file({tag: Entry(kind, count, (place * count).ljust(layout.room, b"\0"))}, layout, before=below)


def _degrees(layout: Layout) -> bytes:
    return struct.pack(layout.order + "6I", 48, 1, 51, 1, 2999, 100)


def _file(
    entries: dict[int, Entry],
    layout: Layout = CLASSIC,
    *,
    pages: list[dict[int, Entry]] | None = None,
    before: bytes = b"",
) -> bytes:
    """Grey pages of one strip with these entries; `before`: what lies in front of the first page."""
    body = {"<": b"II", ">": b"MM"}[layout.order]
    body += struct.pack(layout.order + ("HHH" if layout.big else "H"), *((43, 8, 0) if layout.big else (42,)))
    next_at = len(body)
    body += bytes(layout.room) + before + bytes(len(before) % 2)
    for more in [entries, *(pages or [])]:
        rows = small().convert("L").tobytes()
        strip, start = len(body), len(body) + len(rows)
        numbers = {256: 48, 257: 32, 258: 8, 259: 1, 262: 1, 273: strip, 277: 1, 278: 32, 279: len(rows)}
        usual = {tag: Entry(_LONG, 1, struct.pack(layout.order + "I", number)) for tag, number in numbers.items()}
        block, behind = _directory(usual | more, layout, start)
        body = body[:next_at] + struct.pack(layout.word, start) + body[next_at + layout.room :] + rows + block
        next_at = start + behind
    return body


def _first(layout: Layout) -> int:
    return 16 if layout.big else 8


def _directory(entries: dict[int, Entry], layout: Layout, start: int) -> tuple[bytes, int]:
    """A directory at `start` with its values, and where in it the place of the next one stands."""
    count, head = ("Q", "HHQ") if layout.big else ("H", "HHI")
    size = struct.calcsize(layout.order + head) + layout.room
    behind = struct.calcsize(layout.order + count) + len(entries) * size
    lines, outside = struct.pack(layout.order + count, len(entries)), b""
    for tag, entry in sorted(entries.items()):
        value = entry.value.ljust(layout.room, b"\0")
        if entry.place is not None:
            value = struct.pack(layout.word, entry.place)
        elif len(value) > layout.room:
            place = start + behind + layout.room + len(outside)
            value, outside = struct.pack(layout.word, place), outside + value + bytes(len(value) % 2)
        lines += struct.pack(layout.order + head, tag, entry.kind, entry.count) + value
    return lines + bytes(layout.room) + outside, behind
