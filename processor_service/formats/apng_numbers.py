"""Tells whether the numbers of an animated PNG fit each other (W3C PNG, third edition, 11.3.6).

Pillow decodes the still picture by those of its first frame, and refuses it, or gets other pixels, if they are wrong.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

_CONTROL = struct.Struct(">8x5I")


def has_sound_numbers(chunks: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether the chunks (name, all bytes) are of no animation, or there is a frame, and each lies within the picture.

    The still picture, if it is a frame, is all of it. Only its number in the sequence is looked at: frames are taken in
    the order in which they come. Pixels behind the still picture belong to a later frame.
    """
    size, is_animated, begun, has_frames, number, later = (0, 0), False, False, False, 0, False
    for name, chunk in chunks:
        if name == b"IHDR" and len(chunk) >= 16:
            size = struct.unpack_from(">2I", chunk, 8)
        elif name == b"acTL":
            if is_animated:
                return False
            is_animated = not begun
        elif name == b"IDAT":
            begun, has_frames = True, has_frames or number > 0
        elif name == b"fdAT":
            if not is_animated or not later:
                return False
            has_frames = True
        elif name == b"fcTL" and len(chunk) >= _CONTROL.size:
            sequence, *place = _CONTROL.unpack_from(chunk)
            is_still = place == [*size, 0, 0] and sequence == number
            if not is_animated or not _fits(place, size) or not (begun or is_still):
                return False
            number, later = number + 1, begun
    return has_frames or not is_animated


def _fits(place: list[int], size: tuple[int, int]) -> bool:
    width, height, left, top = place
    return width > 0 and height > 0 and left + width <= size[0] and top + height <= size[1]


def count_png_frames(chunks: Iterable[tuple[bytes, bytes]]) -> int:
    """Frames of a PNG, which may be others than it says: those that have pixels. 0 if it is not animated."""
    is_animated, announced, count = False, False, 0
    for name, _ in chunks:
        is_animated = is_animated or name == b"acTL"
        if name == b"fcTL":
            announced = True
        elif name in (b"IDAT", b"fdAT"):
            announced, count = False, count + announced
    return count if is_animated else 0


def has_still(chunks: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether an animated PNG has a still picture that is not one of its frames."""
    return next((name for name, _ in chunks if name in (b"fcTL", b"IDAT")), b"") == b"IDAT"
