"""Text in a picture: its lines, in the order in which one reads them."""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .box import Box
from .ocr import NAME, Corners, Faint, Reading, read_closely, turned_over

# Text is looked for in this many pixels of the long side; a smaller picture is enlarged, at most twice.
LOOKED_FOR = 960
# And read from at most this many: a page in small print needs them.
READ_FROM = 1920
MIN_SCORE = 0.5
# The number is raised when another text is read in the same picture.
MADE_BY = f"{NAME}-1"
# Up to three letters and digits are often seen in patterns; such a line has to be surer.
_SHORT, _SURE = 3, 0.9


@dataclass(frozen=True)
class Page:
    """A picture in which text was looked for: the RGB pixels it was read from, and every piece, the doubtful too.

    `faint`: where there may be text that is too small to be seen as such, the surest first.
    """

    image: Image.Image
    readings: list[Reading]
    faint: list[Faint] = field(default_factory=list)


@dataclass(frozen=True)
class Line:
    """A line of text. `corners`: of its perhaps turned box, clockwise, fractions of the picture's sides."""

    text: str
    score: float
    corners: Corners

    @property
    def box(self) -> Box:
        """The hull of its corners."""
        return Box.around(self.corners)


def look(image: Image.Image) -> Page:
    """Read an upright picture of any mode and size, once for `lines` and `plates`. Raises RecognitionMissing."""
    sized = fitted(opaque(image))
    readings, faint = read_closely(sized, LOOKED_FOR)
    return Page(sized, same_way_up(readings), faint)


def lines(page: Page, min_score: float = MIN_SCORE) -> list[Line]:
    """The lines of text in reading order.

    Rows from top to bottom, in a row from left to right; vertical text from right to left. A picture that lies on its
    side or is upside down is read as if it were turned upright. Letters and digits that stand alone are left out if
    nothing longer is read: in photographs they are folds and branches.
    """
    sure = [
        reading for reading in page.readings if reading.text.strip() and reading.score >= _least(reading, min_score)
    ]
    if all(_is_short(reading, 1) for reading in sure):
        return []
    return [
        Line(reading.text.strip(), reading.score, fractions(reading.corners, page.image.size))
        for reading in in_order(sure)
    ]


def places(page: Page) -> list[Box]:
    """The hulls of everything that looks like text, also of scripts that cannot be read: what `hide` takes."""
    return [Box.around(fractions(reading.corners, page.image.size)) for reading in page.readings]


def plain(found: list[Line]) -> str:
    """The text to search: one line a row."""
    return "\n".join(line.text for line in found)


def fractions(corners: Corners, size: tuple[int, int]) -> Corners:
    """Corners in pixels of a picture of `size` as fractions of its sides."""
    return [(x / size[0], y / size[1]) for x, y in corners]


def opaque(image: Image.Image) -> Image.Image:
    """The picture as RGB, transparent parts over black or white: over what contrasts more with the opaque pixels."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    pixels = np.asarray(image.convert("RGBA"), np.float32)
    weight = pixels[..., 3]
    if not weight.any():
        return Image.new("RGB", image.size)
    brightness = float((pixels[..., :3].mean(axis=2) * weight).sum() / weight.sum())
    below = Image.new("RGBA", image.size, "black" if brightness > 127 else "white")
    below.alpha_composite(image.convert("RGBA"))
    return below.convert("RGB")


def fitted(image: Image.Image) -> Image.Image:
    """The picture in the size that it is read in."""
    longest = max(image.size)
    ratio = READ_FROM / longest if longest > READ_FROM else min(2.0, max(1.0, LOOKED_FOR / longest))
    if ratio == 1:
        return image
    size = (max(1, round(image.width * ratio)), max(1, round(image.height * ratio)))
    return image.resize(size, Image.Resampling.LANCZOS if ratio < 1 else Image.Resampling.BICUBIC)


def same_way_up(readings: list[Reading]) -> list[Reading]:
    """What seems to be the other way up than most of the text, read again: in short lines that is often a mistake."""
    tall, upside_down = _most(readings)
    odd = [reading.tall == tall and reading.upside_down != upside_down for reading in readings]
    again = iter(turned_over([reading for reading, is_odd in zip(readings, odd, strict=True) if is_odd]))
    return [next(again) if is_odd else reading for reading, is_odd in zip(readings, odd, strict=True)]


def in_order(readings: list[Reading]) -> list[Reading]:
    """Rows from top to bottom, in a row from left to right, seen in the direction in which most of the text runs."""
    if not readings:
        return []
    along = _direction(readings)
    down = np.array([-along[1], along[0]])
    centres = np.array([np.mean(reading.corners, axis=0) for reading in readings])
    position, depth = centres @ along, centres @ down
    heights = np.array([np.ptp(np.array(reading.corners) @ down) for reading in readings])
    rows: list[list[int]] = []
    for index in np.argsort(depth, kind="stable"):
        # In the same row when its middle is within the middle half of the row's first piece.
        if rows and depth[index] - depth[rows[-1][0]] < 0.5 * min(heights[index], heights[rows[-1][0]]):
            rows[-1].append(int(index))
        else:
            rows.append([int(index)])
    return [readings[index] for row in rows for index in sorted(row, key=lambda index: position[index])]


def _is_short(reading: Reading, most: int) -> bool:
    """Whether it has at most this many characters, none of them Chinese or Japanese: one of these may be a word."""
    text = reading.text.strip()
    return len(text) <= most and not any(unicodedata.east_asian_width(character) in "WF" for character in text)


def _least(reading: Reading, min_score: float) -> float:
    return max(min_score, _SURE) if _is_short(reading, _SHORT) else min_score


def _most(readings: list[Reading]) -> tuple[bool, bool]:
    """Whether most characters are in tall lines, and whether in lines that are upside down."""
    characters: Counter[tuple[bool, bool]] = Counter()
    for reading in readings:
        characters[reading.tall, reading.upside_down] += len(reading.text)
    return characters.most_common(1)[0][0] if characters else (False, False)


def _direction(readings: list[Reading]) -> NDArray[np.float64]:
    """The unit vector along which most of the text runs: (1, 0) in an upright picture of horizontal text."""
    tall, upside_down = _most(readings)
    total = np.zeros(2)
    for reading in readings:
        if (reading.tall, reading.upside_down) == (tall, upside_down):
            first, second, _, last = np.array(reading.corners)
            total += last - first if tall else second - first
    unit: NDArray[np.float64] = (-total if upside_down else total) / max(float(np.hypot(*total)), 1e-9)
    return unit
