"""Text that is too small to be seen as such, and so not boxed: read where the detector is a little sure of it.

It does not box letters of 8 pixels, but what it gives them is more than what it gives most other things. To look
through all of a picture at twice the size would take four times as long.
"""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image

from .box import Box
from .ocr import read_lines
from .plate_text import normal
from .text import Page

# What is read around a place, in pixels, how much larger, and what is then hidden: the place may be one end of it.
_READ = (64, 20)
_LARGER = 3
_HIDDEN = (112, 26)
# Leaves and fences are read as fewer characters, or with less.
_FEW = 3
_SURE = 0.25


@dataclass(frozen=True)
class FaintText:
    """A line of small text. `box`: fractions of the page's sides."""

    text: str
    score: float
    box: Box

    @property
    def may_be_plate(self) -> bool:
        """Whether it has as many letters and digits as a plate, or a part of one."""
        return len(normal(self.text)) > _FEW


def faint_texts(page: Page) -> list[FaintText]:
    """What is read at the places where there may be text besides that of the page."""
    places = [(x, y) for x, y, _ in page.faint]
    strips = [page.image.crop(_around(place, _READ)).resize(_size(_READ), Image.Resampling.BICUBIC) for place in places]
    width, height = page.image.size
    found = []
    for place, (text, score) in zip(places, read_lines(strips), strict=True):
        left, top, right, bottom = _around(place, _HIDDEN)
        box = Box.around([(left / width, top / height), (right / width, bottom / height)])
        if score > _SURE and len(text.strip()) > _FEW:
            found.append(FaintText(text.strip(), score, box))
    return found


def _around(place: tuple[float, float], size: tuple[int, int]) -> tuple[int, int, int, int]:
    left, top = (round(middle - side / 2) for middle, side in zip(place, size, strict=True))
    return left, top, left + size[0], top + size[1]


def _size(size: tuple[int, int]) -> tuple[int, int]:
    return size[0] * _LARGER, size[1] * _LARGER
