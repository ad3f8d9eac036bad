"""GIF: blocks (GIF89a)."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from ...formats.containers import gif_blocks, gif_sub_blocks
from .kept import Kept, few
from .lzw import end_of_codes

_CONTROL_BYTES, _SUB_BLOCK = 8, 255
_VERSIONS = (b"GIF87a", b"GIF89a")
_LOOPS = (b"\xffNETSCAPE2.0", b"\xffANIMEXTS1.0")


def parts(data: bytes, kept: Kept) -> Iterator[bytes]:
    """Pixels, how long each frame stays, how often all plays. Not: comments, texts, what applications wrote."""
    kept.no_room_for_exif()
    for kind, block in few(gif_blocks(data)):
        if kind[:1] == b"\xf9" and len(block) == _CONTROL_BYTES:
            # Three bits are reserved.
            yield block[:3] + bytes((block[3] & 0x1F,)) + block[4:7] + b"\0"
        elif kind == b"image":
            yield _image(block)
        elif kind == b"header":
            if block[:6] not in _VERSIONS:
                raise ValueError("a kind of GIF that is not known")
            yield block
        elif kind == b"end":
            yield block
        elif kind in _LOOPS and block[14:16] == b"\x03\x01":
            # Of the blocks of this extension only the one with the number.
            yield block[:18] + b"\0"


def _image(block: bytes) -> bytes:
    """An image up to the end of its codes. What lies behind that in its sub-blocks is skipped by decoders."""
    width, height, flags = struct.unpack_from("<HHB", block, 5)
    start = 10 + (3 << ((flags & 7) + 1) if flags & 0x80 else 0)
    codes = gif_sub_blocks(block[start + 1 :])
    end = end_of_codes(codes, block[start], width * height, tiff=False)
    if end == len(codes):
        return block
    kept = codes[:end]
    pieces = (kept[at : at + _SUB_BLOCK] for at in range(0, end, _SUB_BLOCK))
    return block[: start + 1] + b"".join(bytes((len(piece),)) + piece for piece in pieces) + b"\0"
