"""Which directories of a TIFF are its pages: previews that stand before the picture are not."""

from __future__ import annotations

import struct

from .tiff_directories import SUBFILE, Directory, below, chain, layout_of

# NewSubfileType: bit 0 a reduced copy, bit 2 a mask of transparency.
_NO_PAGE = 5


def without_previews(data: bytes) -> bytes:
    """The same TIFF, where the first page is no reduced copy of a larger one that follows or lies below it.

    Files that begin with a picture in its full size stay as they are, with all their pages.
    """
    pages = list(chain(data, 2))
    if not pages or not pages[0].is_reduced:
        return data
    pages = list(chain(data))
    first = pages[0]
    larger = [page for page in pages[1:] if _is_full(page)] or [page for page in below(first) if _is_full(page)]
    if not larger or max(page.pixels for page in larger) < first.pixels:
        return data
    return _chained(data, larger)


def _is_full(page: Directory) -> bool:
    return not page.is_reduced and not page.number(SUBFILE) & _NO_PAGE and page.pixels > 0


def _chained(data: bytes, pages: list[Directory]) -> bytes:
    """The file with these pages alone, in their order."""
    layout = layout_of(data)
    assert layout is not None
    changed = bytearray(data)
    places = [layout.first, *(page.next_at for page in pages)]
    for place, offset in zip(places, [*(page.offset for page in pages), 0], strict=True):
        if place + struct.calcsize(layout.word) <= len(changed):
            struct.pack_into(layout.word, changed, place, offset)
    return bytes(changed)
