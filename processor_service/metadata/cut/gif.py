"""GIF: blocks (GIF89a)."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np

from ...formats.containers import gif_blocks, gif_sub_blocks
from .codes.lzw import without_rest
from .kept import Kept, few
from .palettes import Used, only_used, used_by
from .viewer_numbers import duration, plays

_SUB_BLOCK = 255
_VERSIONS = (b"GIF87a", b"GIF89a")
# Version, sides, flags, the background's colour, the shape of pixels, which nobody shows.
_HEADER = struct.Struct("<6sHHBBB")
# Two marks, the length, flags, hundredths of a second, the transparent colour, an end.
_CONTROL = struct.Struct("<3sBHBx")
_TRANSPARENT, _TO_BACKGROUND, _MOST_DISPOSAL = 1, 2, 3
# Of an image: its mark, place, sides, flags.
_IMAGE = struct.Struct("<BHHHHB")
_HAS_COLORS, _INTERLACED, _COLORS = 0x80, 0x40, 0x07
_LOOPS = (b"\xffNETSCAPE2.0", b"\xffANIMEXTS1.0")
_LOOP_START, _LOOP_BYTES = b"\x03\x01", 18


def parts(data: bytes, kept: Kept) -> Iterator[bytes]:
    """Pixels, how long each frame stays, how often all plays. Not: comments, texts, what applications wrote."""
    kept.no_room_for_exif()
    blocks = list(few(gif_blocks(data)))
    moves = sum(kind == b"image" for kind, _ in blocks) > 1
    controls = [_control(block, moves) for kind, block in blocks if _is_control(kind, block)]
    images = [_image(block, _screen(blocks[0][1])) for kind, block in blocks if kind == b"image"]
    looped, control, images_left = False, b"", iter(images)
    for kind, block in blocks:
        if _is_control(kind, block):
            # It is about the next image.
            control = _control(block, moves)
        elif kind == b"image":
            yield control + next(images_left)[0]
            control = b""
        elif kind == b"header":
            has_background = any(one[3] >> 2 == _TO_BACKGROUND for one in controls)
            yield _header(block, has_background, [used for _, used in images if used is not None])
        elif kind == b"end":
            yield block
        elif kind in _LOOPS and block[14:16] == _LOOP_START and moves and not looped:
            # Of the blocks of this extension only the one with the number.
            looped = True
            yield block[:16] + plays(int.from_bytes(block[16:_LOOP_BYTES], "little")).to_bytes(2, "little") + b"\0"


def _is_control(kind: bytes, block: bytes) -> bool:
    return kind[:1] == b"\xf9" and len(block) == _CONTROL.size


def _control(block: bytes, moves: bool) -> bytes:
    """What becomes of a frame, its transparent colour, and how long it stays, if another one follows."""
    marks, flags, time, color = _CONTROL.unpack(block)
    disposal, transparent = flags >> 2 & 7, flags & _TRANSPARENT
    flags = (disposal if moves and disposal <= _MOST_DISPOSAL else 0) << 2 | transparent
    return _CONTROL.pack(marks, flags, duration(time) if moves else 0, color if transparent else 0)


def _screen(block: bytes) -> tuple[int, int]:
    _, width, height, *_ = _HEADER.unpack_from(block)
    return width, height


def _header(block: bytes, has_background: bool, used: list[Used]) -> bytes:
    """The header with its colours, as far as images use them. It has a background if any frame becomes one."""
    version, width, height, flags, background, _ = _HEADER.unpack_from(block)
    if version not in _VERSIONS:
        raise ValueError("a kind of GIF that is not known")
    # Not: how many bits the colours had once, and whether they are sorted.
    flags &= _HAS_COLORS | _COLORS if flags & _HAS_COLORS else 0
    background = background if has_background and flags else 0
    if has_background:
        used = [*used, used_by(bytes((background,)))]
    table = only_used(block[_HEADER.size :], np.logical_or.reduce([used_by(b""), *used]))
    return _HEADER.pack(version, width, height, flags, background, 0) + table


def _image(block: bytes, screen: tuple[int, int]) -> tuple[bytes, Used | None]:
    """An image up to the end of its codes, and the colours that it uses if it has none itself.

    What lies behind the codes in its sub-blocks is skipped by decoders.
    """
    mark, left, top, width, height, flags = _IMAGE.unpack_from(block)
    if left + width > screen[0] or top + height > screen[1]:
        raise ValueError("a frame of the GIF that does not lie on its screen")
    has_colors = flags & _HAS_COLORS
    flags &= _HAS_COLORS | _INTERLACED | (_COLORS if has_colors else 0)
    start = _IMAGE.size + (3 << ((flags & _COLORS) + 1) if has_colors else 0)
    codes = gif_sub_blocks(block[start + 1 :])
    ended, symbols = without_rest(codes, block[start], width * height, tiff=False)
    # There may be fewer than eight bits.
    used = np.resize(np.append(symbols, np.zeros(256, np.bool_)), 256)
    table = block[_IMAGE.size : start]
    table = only_used(table, used) if has_colors else table
    head = _IMAGE.pack(mark, left, top, width, height, flags) + table + block[start : start + 1]
    pieces = (ended[at : at + _SUB_BLOCK] for at in range(0, len(ended), _SUB_BLOCK))
    packed = head + b"".join(bytes((len(piece),)) + piece for piece in pieces) + b"\0"
    return packed, None if has_colors else used
