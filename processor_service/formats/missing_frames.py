"""Tells whether an animation, or a document of pages, ends before the last one that it says it has.

Ask it where all of them are kept: decoders take what is there for all of it.
"""

from __future__ import annotations

from .apng_numbers import count_png_frames
from .containers import PNG_SIGNATURE, ends_in_gif_image, gif_blocks, png_chunks, riff_chunks
from .picture_end import is_cut_off
from .tiff_directories import directory_at, layout_of, pages_of
from .tiff_ends import named_end

# The label of a block of a GIF that says how a frame is shown.
_CONTROL = b"\xf9"
# Of a chunk of a PNG before its content. Decoders do without the checksum behind it.
_CHUNK_HEAD = 8
# How many times as long as it is a TIFF may have been; the most bytes with which pages are filled up.
_MOST_LOST, _PADDING = 16, 32
# Chunks of a WebP behind its last frame.
_BEHIND_FRAMES = (b"EXIF", b"XMP ")


def lacks_frames(data: bytes) -> bool:
    """Whether frames or pages are missing. False for other formats, and for a broken structure."""
    if data.startswith(PNG_SIGNATURE):
        return _png(data)
    if data.startswith(b"GIF8"):
        return _gif(data)
    if data.startswith(b"RIFF"):
        return is_cut_off(data) and _webp([name for name, _ in riff_chunks(data)])
    return layout_of(data) is not None and _tiff(data)


def _webp(names: list[bytes]) -> bool:
    return b"ANMF" in names and names[-1] not in _BEHIND_FRAMES


def _png(data: bytes) -> bool:
    chunks = list(png_chunks(data))
    said = next((int.from_bytes(chunk[8:12]) for name, chunk in chunks if name == b"acTL"), 0)
    # Also behind a text whose length is wrong.
    there = count_png_frames(chunks)
    last, content = chunks[-1] if chunks else (b"", b"")
    is_cut = last == b"fcTL" or (last == b"fdAT" and len(content) < _CHUNK_HEAD + int.from_bytes(content[:4]))
    return said > 0 and last != b"IEND" and (there < said or is_cut)


def _gif(data: bytes) -> bool:
    """Whether it ends within a later frame, or behind a block that says how the next one is shown.

    The decoder says so of the first one. Behind a whole frame nobody can tell: what else is begun may be a comment.
    """
    try:
        blocks = list(gif_blocks(data))
    except ValueError:
        return False
    kind, block = blocks[-1]
    is_later = kind == b"image" and sum(name == b"image" for name, _ in blocks) > 1
    return kind.startswith(_CONTROL) or (is_later and ends_in_gif_image(block))


def _tiff(data: bytes) -> bool:
    """Whether the next page is missing.

    Some programs leave any number in its place: directories begin at even places, behind or before pixels that are
    there in part. Behind a whole page nobody can tell, unless it is there that the next one should begin.
    """
    pages, rest = pages_of(data)
    if not pages or rest:
        return False
    layout, offset = pages[-1].layout, pages[-1].next
    is_meant = 0 < offset < _MOST_LOST * len(data) and offset % 2 == 0
    if not is_meant or directory_at(data, layout, offset) is not None:
        return False
    return offset <= len(data) + _PADDING or _is_more(data[named_end(data, pages) :])


def _is_more(data: bytes) -> bool:
    return len(data) > _PADDING or any(data)
