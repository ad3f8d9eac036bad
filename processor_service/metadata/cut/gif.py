"""GIF: blocks (GIF89a)."""

from __future__ import annotations

from collections.abc import Iterator

from ...formats.containers import gif_blocks
from .kept import Kept, few

_CONTROL_BYTES = 8
_LOOPS = (b"\xffNETSCAPE2.0", b"\xffANIMEXTS1.0")


def parts(data: bytes, kept: Kept) -> Iterator[bytes]:
    """Pixels, how long each frame stays, how often all plays. Not: comments, texts, what applications wrote."""
    kept.no_room_for_exif()
    for kind, block in few(gif_blocks(data)):
        control = kind[:1] == b"\xf9" and len(block) == _CONTROL_BYTES
        if control or kind in (b"header", b"image", b"end"):
            yield block
        elif kind in _LOOPS and block[14:16] == b"\x03\x01":
            # Of the blocks of this extension only the one with the number.
            yield block[:18] + b"\0"
