"""TIFF: tags that a directory has twice, though it may have each once (TIFF 6.0, section 2).

Decoders take the first one, as libtiff does. For a turn, a profile, XMP, IPTC, and directories of EXIF and of a place
the first sound one takes its place. Tags that say how to read the pixels are left alone: which of two widths is right,
nobody can tell.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import replace

from PIL.ExifTags import Base as Tag

from ...formats.tiff_directories import SIZES, Directory, chain, directory_at
from ..iptc import read_iptc
from ..xmp import read_xmp
from .sound import sound_profile

XMP, IPTC = 700, 33723
_MOST_ENTRIES, _MOST_TWINS = 1024, 20


def without_broken_twins(data: bytes) -> bytes:
    """With the first sound one of each at the place of the first."""
    changed: bytearray | None = None
    for page in chain(data):
        for tag, places in _twins(page).items():
            found = (_with_only(page, tag, at) for at in places)
            first = next((at for at, one in zip(places, found, strict=True) if _SOUND[tag](one)), places[0])
            if first != places[0]:
                changed = changed or bytearray(data)
                size = page.layout.entry_size
                one, other = data[places[0] : places[0] + size], data[first : first + size]
                changed[places[0] : places[0] + size], changed[first : first + size] = other, one
    return data if changed is None else bytes(changed)


def _twins(page: Directory) -> dict[int, list[int]]:
    """Positions of the entries of each tag that is there more than once, of those that are looked into."""
    places: dict[int, list[int]] = {}
    (count,) = struct.unpack_from(page.layout.count, page.data, page.offset)
    start = page.offset + struct.calcsize(page.layout.count)
    for at in range(start, start + min(count, _MOST_ENTRIES) * page.layout.entry_size, page.layout.entry_size):
        (tag,) = struct.unpack_from(page.layout.order + "H", page.data, at)
        if tag in _SOUND:
            places.setdefault(tag, []).append(at)
    return {tag: found[:_MOST_TWINS] for tag, found in places.items() if len(found) > 1}


def _with_only(page: Directory, tag: int, at: int) -> Directory:
    """The page with the entry at this position as its only one."""
    kind, count = struct.unpack_from(page.layout.order + ("HQ" if page.layout.big else "HI"), page.data, at + 2)
    return replace(page, entries={tag: (kind, count, at + (12 if page.layout.big else 8))})


def _is_turn(page: Directory) -> bool:
    return 1 <= page.number(Tag.Orientation) <= 8


def _is_profile(page: Directory) -> bool:
    return sound_profile([_content(page, Tag.InterColorProfile)]) is not None


def _is_iptc(page: Directory) -> bool:
    content = _content(page, IPTC)
    # Stored as numbers of four bytes, each the wrong way round.
    turned = b"".join(content[at : at + 4][::-1] for at in range(0, len(content), 4))
    return bool(read_iptc(content) or read_iptc(turned))


def _content(page: Directory, tag: int) -> bytes:
    """The bytes of a tag that has more of them than its entry has room for."""
    kind, count, at = page.entries[tag]
    (place,) = struct.unpack_from(page.layout.word, page.data, at)
    return page.data[place : place + count * SIZES.get(kind, 0)]


def _leads_to(tag: int) -> Callable[[Directory], bool]:
    def is_sound(page: Directory) -> bool:
        found = directory_at(page.data, page.layout, page.number(tag))
        return found is not None and bool(found.entries) and not list(_broken(found))

    return is_sound


def _broken(found: Directory) -> Iterator[int]:
    """Tags of unknown types, and those whose values are beyond the file's end."""
    yield from (tag for tag, (kind, _, _) in found.entries.items() if kind not in SIZES)
    yield from (tag for tag, _ in found.loose_ends())


_SOUND: dict[int, Callable[[Directory], bool]] = {
    Tag.Orientation: _is_turn,
    Tag.InterColorProfile: _is_profile,
    XMP: lambda page: bool(read_xmp(_content(page, XMP))),
    IPTC: _is_iptc,
    Tag.ExifOffset: _leads_to(Tag.ExifOffset),
    Tag.GPSInfo: _leads_to(Tag.GPSInfo),
}
