"""The part of an AVIF or HEIF that is to be seen (`clap`, ISO 14496-12, 12.1.4).

Pillow shows all of an AVIF. libheif refuses a HEIF of which little is to be seen: it thinks that the file has more
pixels than it says. So both are decoded whole, and cut here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from PIL import Image

from ..formats.item_properties import ItemProperty, of_primary, without_properties

_SIZE, _CLIP, _TURN, _MIRROR = b"ispe", b"clap", b"irot", b"imir"
_BEGINNING = b"ftyp"
_CLIP_BYTES = 32
# Left, upper, right, lower, in pixels.
Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Clip:
    """What is to be seen of a decoded picture: `box`, if it has the size `whole`; `size`: before any turn."""

    box: Box
    whole: tuple[int, int]
    size: tuple[int, int]

    def cut(self, frames: list[Image.Image]) -> list[Image.Image]:
        """That part of each frame."""
        return [frame.crop(self.box) if frame.size == self.whole else frame for frame in frames]


def clip_of(data: bytes) -> Clip | None:
    """What is to be seen of a file as its decoder gives it, which turns a HEIF, and not an AVIF.

    None when there is nothing to cut, or when what the file says of it makes no sense.
    """
    if data[4:8] != _BEGINNING:
        return None
    try:
        properties = of_primary(data)
        clips = any(one.name == _CLIP for one in properties)
        return _clip(data, properties, turns=data[8:12] not in (b"avif", b"avis")) if clips else None
    except (ValueError, IndexError, ZeroDivisionError):
        return None


def unclipped(data: bytes) -> bytes:
    """The same file, all of which is to be seen."""
    return without_properties(data, [one for one in of_primary(data) if one.name == _CLIP])


def _clip(data: bytes, properties: list[ItemProperty], *, turns: bool) -> Clip | None:
    start = next((one.start for one in properties if one.name == _SIZE), 0)
    width, height = (int.from_bytes(data[start + at : start + at + 4]) for at in (4, 8))
    box, is_turned = (0, 0, width, height), False
    for one in properties:
        left, upper, right, lower = box
        if one.name == _CLIP:
            if one.end - one.start != _CLIP_BYTES:
                raise ValueError("a clip without its numbers")
            numbers = [int.from_bytes(data[at : at + 4], signed=True) for at in range(one.start, one.end, 4)]
            wide, high, aside, down = (Fraction(*numbers[at : at + 2]) for at in range(0, 8, 2))
            begin, end = _side(right - left, wide, aside)
            top, bottom = _side(lower - upper, high, down)
            box = left + begin, upper + top, left + end, upper + bottom
        elif one.name == _TURN and turns:
            # Against the clock, by quarters.
            is_turned ^= bool(data[one.start] & 1)
            for _ in range(data[one.start] & 3):
                box = box[1], width - box[2], box[3], width - box[0]
                width, height = height, width
        elif one.name == _MIRROR and turns:
            is_sideways = data[one.start] & 1
            across = (width - right, upper, width - left, lower)
            box = across if is_sideways else (left, height - lower, right, height - upper)
    size = box[2] - box[0], box[3] - box[1]
    return None if size == (width, height) else Clip(box, (width, height), size[::-1] if is_turned else size)


def _side(length: int, wanted: Fraction, offset: Fraction) -> tuple[int, int]:
    """Where the part begins and ends; `offset`: of its middle from the middle of the side. As libheif rounds it.

    Raises ValueError when nothing of it is there.
    """
    begin = math.floor(offset + (length - wanted) / 2)
    end = min(begin + math.floor(wanted + Fraction(1, 2)), length)
    begin = max(begin, 0)
    if end <= begin:
        raise ValueError("nothing of the picture is to be seen")
    return begin, end
