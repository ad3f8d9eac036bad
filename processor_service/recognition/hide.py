"""Boxes of a picture made unrecognizable, for good: what is lost cannot be computed back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, get_args

from PIL import Image, ImageFilter

from .box import Box

How = Literal["pixelate", "blur", "fill"]
MARGIN = 0.15
# Squares across the short side of a box, however large it is: a face of 6 x 8 squares is nobody's. In a long box, of
# faces side by side, fewer.
_SQUARES = 6
_SQUARES_OF_LONG = 2
_LONG = 2
# In squares of this size at least, also in a small box.
_SMALLEST = 4


def hide(
    image: Image.Image, boxes: Iterable[Box], how: How = "pixelate", margin: float = MARGIN, letters: bool = False
) -> Image.Image:
    """A copy of a picture (L, LA, RGB or RGBA) with nothing recognizable in the boxes; the same elsewhere.

    `margin`: how much of its size a box grows by on each side. `pixelate`: squares of their mean colours, at most 6
    across the short side, 2 where a box is long; `blur`: the same squares with soft edges, so that no more can be
    known; `fill`: one colour, the box's mean. `letters`: the boxes are of plates and text, and filled whatever `how`
    says: whoever knows the font can try letter after letter until the squares are the same, and the box tells neither
    how many lines are in it nor how they are turned. Boxes that overlap are hidden as one, since each by itself would
    leave a finer grid of squares. The hull of a turned box is hidden. Raises ValueError.
    """
    if how not in get_args(How):
        raise ValueError(f"[{how}] is no way to hide; valid are {', '.join(get_args(How))}")
    hidden = image.copy()
    for left, top, right, bottom in _apart(box.grown(margin).pixels(image.size) for box in boxes):
        part = image.crop((left, top, right, bottom))
        hidden.paste(_coarse(part, "fill" if letters else how), (left, top))
    return hidden


def _coarse(part: Image.Image, how: How) -> Image.Image:
    if how == "fill":
        return part.resize((1, 1), Image.Resampling.BOX).resize(part.size)
    squares = _SQUARES if max(part.size) < _LONG * min(part.size) else _SQUARES_OF_LONG
    side = max(_SMALLEST, -(-min(part.size) // squares))
    # Pillow averages with premultiplied alpha, and the squares at right and bottom over what there is of them.
    small = part.reduce((min(side, part.width), min(side, part.height)))
    across, down = small.width * side, small.height * side
    coarse = small.resize((across, down), Image.Resampling.NEAREST).crop((0, 0, *part.size))
    return coarse.filter(ImageFilter.GaussianBlur(side / 2)) if how == "blur" else coarse


def _apart(areas: Iterable[tuple[int, int, int, int]]) -> list[tuple[int, int, int, int]]:
    """Areas (left, top, right, bottom) of which no two overlap: hulls of those that did."""
    apart: list[tuple[int, int, int, int]] = []
    for left, top, right, bottom in areas:
        if left >= right or top >= bottom:
            continue
        merged = True
        while merged:
            merged = False
            for other in apart:
                if left < other[2] and other[0] < right and top < other[3] and other[1] < bottom:
                    apart.remove(other)
                    left, top = min(left, other[0]), min(top, other[1])
                    right, bottom = max(right, other[2]), max(bottom, other[3])
                    merged = True
                    break
        apart.append((left, top, right, bottom))
    return apart
