"""Repairs a TIFF before it is read: skips previews before the picture, and entries whose values are lost."""

from __future__ import annotations

import struct

from PIL.ExifTags import Base as Tag

from .exif_orientation import orientation_from
from .tiff_directories import SIZES, Directory, below, layout_of, pages_of
from .tiff_ends import MAYBE_NEEDED, is_needed

_SHORT, _BYTES = 3, (2, 7)
# Tags without which the pixels cannot be read: a file without them is broken.
_PIXELS = {*range(254, 267), 273, 274, *range(277, 282), 284, 292, 293, 317, *range(320, 340), 347, *range(512, 534)}


def repaired(data: bytes) -> bytes:
    """The same TIFF without what keeps it from being read. Other files are returned unchanged.

    No page is a mask, if there is another. The first one is not a reduced copy of a larger one after or below it, and
    no other one is a smaller copy. Entries that describe the picture and point beyond the file's end are emptied:
    Pillow would not read what follows them. Orientations have the usual type.
    """
    if layout_of(data) is None:
        return data
    pages, rest = pages_of(data)
    return _without_previews(_with_plain_turns(_without_loose_ends(data, pages), pages), pages, rest)


def _without_loose_ends(data: bytes, pages: list[Directory]) -> bytes:
    # Pillow would not read what follows one that is not needed, either.
    loose = [
        at
        for page in pages
        for tag, at in page.loose_ends()
        if tag not in _PIXELS or (tag in MAYBE_NEEDED and not is_needed(page, tag))
    ]
    if not loose:
        return data
    changed = bytearray(data)
    for at in loose:
        # The number of values is stored before their position.
        size = 8 if pages[0].layout.big else 4
        changed[at - size : at] = bytes(size)
    return bytes(changed)


def _with_plain_turns(data: bytes, pages: list[Directory]) -> bytes:
    """The same with orientations as SHORT, as they should be, if another type leaves no doubt about the number."""
    changed = None
    for page in pages:
        kind, count, at = page.entries.get(Tag.Orientation, (_SHORT, 1, 0))
        size = SIZES.get(kind, 0) * count
        if kind == _SHORT or not 0 < size <= struct.calcsize(page.layout.word):
            continue
        value = data[at : at + size] if kind in _BYTES else page.number(Tag.Orientation)
        if turn := orientation_from(value, page.layout.order):
            changed = changed or bytearray(data)
            # Type and count stand before the value.
            word = page.layout.word
            struct.pack_into(f"{word[0]}H{word[1]}HH", changed, at - 2 - struct.calcsize(word), _SHORT, 1, turn, 0)
    return bytes(changed) if changed else data


def _without_previews(data: bytes, pages: list[Directory], rest: int) -> bytes:
    if not pages:
        return data
    # Also one that is finer than its picture, or that alone says what it is.
    pictures = [page for page in pages if not page.is_mask and (page is pages[0] or page.pixels > 0)]
    pictures = _without_copies(pictures) if pictures else [page for page in below(pages[0]) if _is_full(page)]
    return data if not pictures or pictures == pages else _chained(data, pictures, rest)


def _without_copies(pages: list[Directory]) -> list[Directory]:
    first = pages[0]
    if not first.is_reduced:
        return [page for page in pages if page is first or _is_full(page) or page.pixels > first.pixels]
    larger = [page for page in pages[1:] if _is_full(page)] or [page for page in below(first) if _is_full(page)]
    return larger if larger and max(page.pixels for page in larger) >= first.pixels else pages


def _is_full(page: Directory) -> bool:
    return not page.is_reduced and not page.is_mask and page.pixels > 0


def _chained(data: bytes, pages: list[Directory], rest: int) -> bytes:
    """The file with only these pages, in their order, and with those that begin at `rest`, if that is not 0."""
    layout = layout_of(data)
    assert layout is not None
    changed = bytearray(data)
    places = [layout.first, *(page.next_at for page in pages)]
    for place, offset in zip(places, [*(page.offset for page in pages), rest], strict=True):
        if place + struct.calcsize(layout.word) <= len(changed):
            struct.pack_into(layout.word, changed, place, offset)
    return bytes(changed)
