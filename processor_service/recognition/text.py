"""Text in a picture: its lines, in the order in which one reads them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .box import Box
from .column_gaps import cut_in_gaps
from .ocr import NAME, Corners, Faint, Reading, read_closely, turned_over
from .reading_order import in_order, is_wide, most

# Text is looked for in this many pixels of the long side; a smaller picture is enlarged, at most twice.
LOOKED_FOR = 960
# And read from at most this many: a page in small print needs them.
READ_FROM = 1920
MIN_SCORE = 0.5
# The number is raised when another text is read in the same picture.
MADE_BY = f"{NAME}-2"
# Up to three letters and digits are often seen in patterns; such a line has to be surer.
_SHORT, _SURE = 3, 0.9
# Letters on a transparent ground are laid over this when some are dark and some light, and all differ so much from it.
_GREY, _CLEAR = 128, 64
# A word of at most so many characters that was read worse than this may be upside down; it is if it is read well then.
_WORD, _DOUBTFUL, _WELL = 10, 0.85, 0.95


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
    sized = fitted(legible(image))
    readings, faint = read_closely(sized, LOOKED_FOR)
    return Page(sized, cut_in_gaps(same_way_up(readings)), faint)


def lines(page: Page, min_score: float = MIN_SCORE) -> list[Line]:
    """The lines of text in reading order.

    Rows from top to bottom, in a row from left to right; vertical text from right to left; columns of a page one after
    the other. A picture that lies on its side or is upside down is read as if it were turned upright. Letters and
    digits that stand alone are left out if nothing longer is read: in photographs they are folds and branches.
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
    brightness, weight = _brightness(image)
    if not weight.any():
        return Image.new("RGB", image.size)
    return _over(image, 0 if float((brightness * weight).sum() / weight.sum()) > 127 else 255)


def legible(image: Image.Image) -> Image.Image:
    """The same, and over grey when there are both dark and light pixels: letters in one of them would be lost."""
    if image.has_transparency_data:
        brightness, weight = _brightness(image)
        seen = brightness[weight > 127]
        if seen.size and all(_contrast(seen, _GREY) > max(_CLEAR, _contrast(seen, other)) for other in (0, 255)):
            return _over(image, _GREY)
    return opaque(image)


def fitted(image: Image.Image) -> Image.Image:
    """The picture in the size that it is read in."""
    longest = max(image.size)
    ratio = READ_FROM / longest if longest > READ_FROM else min(2.0, max(1.0, LOOKED_FOR / longest))
    if ratio == 1:
        return image
    size = (max(1, round(image.width * ratio)), max(1, round(image.height * ratio)))
    return image.resize(size, Image.Resampling.LANCZOS if ratio < 1 else Image.Resampling.BICUBIC)


def same_way_up(readings: list[Reading]) -> list[Reading]:
    """What seems to be the other way up than most of the text, read again: in short lines that is often a mistake.

    And words that were hardly read: RapidOCR does not see of each that it is upside down.
    """
    tall, upside_down = most(readings)
    odd = [reading.tall == tall and reading.upside_down != upside_down for reading in readings]
    unsure = [
        not is_odd and reading.score < _DOUBTFUL and len(reading.text) <= _WORD
        for reading, is_odd in zip(readings, odd, strict=True)
    ]
    return _again(_again(readings, odd), unsure, _WELL)


def _again(readings: list[Reading], which: list[bool], least: float = 0.0) -> list[Reading]:
    others = iter(turned_over([reading for reading, is_one in zip(readings, which, strict=True) if is_one], least))
    return [next(others) if is_one else reading for reading, is_one in zip(readings, which, strict=True)]


def _is_short(reading: Reading, most: int) -> bool:
    """Whether it has at most this many characters, none of them Chinese or Japanese: one of these may be a word."""
    text = reading.text.strip()
    return len(text) <= most and not any(map(is_wide, text))


def _least(reading: Reading, min_score: float) -> float:
    return max(min_score, _SURE) if _is_short(reading, _SHORT) else min_score


def _brightness(image: Image.Image) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Of each pixel, and how opaque it is; both from 0 to 255."""
    pixels = np.asarray(image.convert("RGBA"), np.float32)
    return pixels[..., :3].mean(axis=2), pixels[..., 3]


def _contrast(brightness: NDArray[np.float32], ground: int) -> float:
    """How much all pixels but a tenth differ from a ground at least."""
    return float(np.percentile(np.abs(brightness - ground), 10))


def _over(image: Image.Image, ground: int) -> Image.Image:
    below = Image.new("RGBA", image.size, (ground, ground, ground))
    below.alpha_composite(image.convert("RGBA"))
    return below.convert("RGB")
