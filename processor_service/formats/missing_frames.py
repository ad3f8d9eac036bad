"""Tells whether an animation, or a document of pages, ends before the last one that it says it has.

Ask it where all of them are kept: decoders take what is there for all of it.
"""

from __future__ import annotations

from .containers import PNG_SIGNATURE, gif_blocks, png_chunks, riff_chunks
from .picture_end import is_cut_off
from .tiff_directories import directory_at, layout_of
from .tiff_repair import pages_of

# Bytes of a chunk that says how a frame of a PNG is shown; the label of such a block of a GIF.
_WHOLE_CONTROL, _CONTROL = 38, b"\xf9"

# How many times as long as it is a TIFF may have been.
_MOST_LOST = 16


def lacks_frames(data: bytes) -> bool:
    """Whether frames or pages are missing. False for other formats, and for a broken structure."""
    if data.startswith(PNG_SIGNATURE):
        return _png(data)
    if data.startswith(b"GIF8"):
        return _gif(data)
    if data.startswith(b"RIFF"):
        return is_cut_off(data) and any(name == b"ANMF" for name, _ in riff_chunks(data))
    return layout_of(data) is not None and _tiff(data)


def _png(data: bytes) -> bool:
    chunks = list(png_chunks(data))
    said = next((int.from_bytes(chunk[8:12]) for name, chunk in chunks if name == b"acTL"), 0)
    there = sum(name == b"fcTL" and len(chunk) >= _WHOLE_CONTROL for name, chunk in chunks)
    last, content = chunks[-1] if chunks else (b"", b"")
    is_cut = last == b"fcTL" or (last == b"fdAT" and len(content) < 12 + int.from_bytes(content[:4]))
    return said > 0 and last != b"IEND" and (there < said or is_cut)


def _gif(data: bytes) -> bool:
    """Whether it ends within a block, or behind one that says how the next frame is shown.

    Behind a whole frame nobody can tell: only the last byte of the file may be missing.
    """
    try:
        blocks = list(gif_blocks(data))
    except ValueError:
        return False
    last, _ = blocks[-1]
    is_block_whole = data.endswith(b"\0") and sum(len(block) for _, block in blocks) == len(data)
    return last not in (b"header", b"end") and (last.startswith(_CONTROL) or not is_block_whole)


def _tiff(data: bytes) -> bool:
    pages, rest = pages_of(data)
    if not pages or rest:
        return False
    layout, offset = pages[-1].layout, pages[-1].next
    # Some programs leave any number there: directories begin at even places.
    is_meant = 0 < offset < _MOST_LOST * len(data) and offset % 2 == 0
    return is_meant and directory_at(data, layout, offset) is None
