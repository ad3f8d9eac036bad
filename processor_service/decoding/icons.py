"""Which picture of an icon is shown: the largest sound one, and of several of that size the one with most colours.

If the largest one is broken, a smaller one is a whole picture, too.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import islice

from PIL.IcnsImagePlugin import IcnsFile

from ..formats.containers import PNG_SIGNATURE
from .windows_icons import CURSOR, ICON, WINDOWS, by_size, count_of, entries, place_of, with_entries

_MACINTOSH = b"icns"
_BLOCK = 8
# Pictures that are files of their own. JPEG 2000 with and without boxes.
_FILES = (PNG_SIGNATURE, b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51")
# Pictures that are tried. Icons have about ten.
_MOST_TRIED, _MOST_BLOCKS = 20, 1000
_UNUSED = b"xxxx"
_FORMATS = {ICON: "ico", CURSOR: "cur", _MACINTOSH: "icns"}
# All sizes of a Mac's icons, the largest first, with the names of their parts.
_SIZES = [[name for name, _ in parts] for _, parts in sorted(IcnsFile.SIZES.items(), reverse=True)]


def file_within(data: bytes) -> bytes | None:
    """The PNG or JPEG 2000 that an icon shows, and what follows it; None for an icon of bitmaps, and for other files.

    Up to its own end: the length that the icon says may be wrong.
    """
    places: list[int] = []
    if data[:4] in WINDOWS:
        places = [place_of(entry) for entry in by_size(data)[:1]]
    elif data[:4] == _MACINTOSH and (blocks := _blocks(data)) is not None:
        largest = next((names for names in _SIZES if any(name in blocks for name in names)), [])
        places = [blocks[name][-1] + _BLOCK for name in largest if name in blocks]
    return next((data[place:] for place in places if data.startswith(_FILES, place)), None)


def format_of_icon(data: bytes) -> str:
    """The name of the format of an icon."""
    return _FORMATS[data[:4]]


def without_largest(data: bytes) -> Iterator[bytes]:
    """The same icon without its largest picture, without the two largest, and so on; nothing for other files.

    Nothing, too, for a file that is cut off: what is missing may come with the next attempt to send it.
    """
    if data[:4] in WINDOWS:
        yield from islice(_windows(data), _MOST_TRIED)
    elif data[:4] == _MACINTOSH:
        yield from islice(_macintosh(data), _MOST_TRIED)


def _windows(data: bytes) -> Iterator[bytes]:
    """ICO and CUR: a directory, which gets shorter; nothing else moves."""
    found = entries(data)
    ends = [sum(struct.unpack_from("<II", entry, 8)) for entry in found]
    if len(found) < count_of(data) or max(ends, default=0) > len(data):
        return
    shown = by_size(data)
    for dropped in range(1, len(shown)):
        yield with_entries(data, shown[dropped:])


def _macintosh(data: bytes) -> Iterator[bytes]:
    """ICNS: blocks, whose types are replaced. A picture of the older kinds has two, of colours and of a mask."""
    blocks = _blocks(data)
    if blocks is None or any(at + _size(data, at) > len(data) for places in blocks.values() for at in places):
        return
    changed = bytearray(data)
    for kinds in _SIZES:
        names = [name for name in kinds if name in blocks]
        # A PNG or JPEG 2000 stands before the older kind of the same size.
        for some in (names[:1], names[1:]) if len(kinds) != 2 else (names,):
            for name in some:
                for place in blocks[name]:
                    changed[place : place + 4] = _UNUSED
            if some:
                yield bytes(changed)


def _blocks(data: bytes) -> dict[bytes, list[int]] | None:
    """Where the blocks of a Mac's icon begin, by their names; None when the head of one is broken or cut off."""
    places: dict[bytes, list[int]] = {}
    at = _BLOCK
    for _ in range(_MOST_BLOCKS):
        if at >= int.from_bytes(data[4:8]):
            break
        if len(data) < at + _BLOCK or _size(data, at) < _BLOCK:
            return None
        places.setdefault(data[at : at + 4], []).append(at)
        at += _size(data, at)
    return places


def _size(data: bytes, at: int) -> int:
    return int.from_bytes(data[at + 4 : at + 8])
