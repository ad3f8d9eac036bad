"""Number plates among the texts of a picture: EU, US, Brazil, China."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from math import hypot

from PIL import Image, ImageFilter

from .box import Box
from .ocr import NAME, Corners, Reading, read
from .plate_text import folded, is_chinese, is_plate, normal, stacked
from .text import LOOKED_FOR, Page, fractions

MIN_SCORE = 0.6
# The number is raised when other plates are found in the same picture.
MADE_BY = f"{NAME}-3"
# The probability of a vehicle from which plates are looked for. Close-ups of plates have 0.13, of 208 pictures without
# cars none more than 0.06.
VEHICLE = 0.1
# A doubtful text of this score can be a plate that is read better at another size.
_DOUBTFUL = 0.3
_ASPECT = (1.4, 9.0)
# The whole picture is looked through a second time at this size (pixels of the long side) when it holds no plate.
_LARGE = 1280
# And then once more sharpened: the letters of a plate out of focus are seen as texts again.
_SHARPENED = ImageFilter.UnsharpMask(radius=4, percent=250, threshold=0)
# More looks at the place: how much of its width is added on each side, how many pixels wide it then is, and whether in
# grey, where the coloured seals, maps and flowers between the letters of US plates are no letters. Most plates of 40 to
# 300 pixels are read right at 160 to 320.
_LOOKS = ((0.5, 320, True), (0.15, 240, False), (0.3, 240, True))
_LOOKS_AT_TWO_LINES = ((0.15, 320, False), (0.5, 400, False))
# Longer than this many times its height, a text is one line.
_ONE_LINE = 2.4
_SURE = 0.9
_MAX_PLACES = 6


@dataclass(frozen=True)
class Plate:
    """A number plate. `text`: upper case without separators. `corners`: clockwise, fractions of the picture's sides."""

    text: str
    score: float
    corners: Corners

    @property
    def folded(self) -> str:
        """The form to search by (plate_text.folded)."""
        return folded(self.text)

    @property
    def box(self) -> Box:
        """The hull of its corners."""
        return Box.around(self.corners)


def plates(
    page: Page, vehicle: float | None = None, min_score: float = MIN_SCORE, in_parts: bool = False
) -> list[Plate]:
    """The plates in a picture that was read by `text.look`, best first.

    `vehicle`: how probable a vehicle is (`labels.Seen.vehicle`); when it is not, its texts are no plates. None: not
    asked, and the picture is looked through only once. `in_parts`: what is small in it is found elsewhere, in its
    parts. Raises RecognitionMissing.
    """
    if vehicle is not None and vehicle <= VEHICLE:
        return []
    found = _confirmed(page.image, page.readings, min_score)
    if not found and vehicle is not None and max(page.image.size) > 960 and not in_parts:
        found = _confirmed(page.image, read(page.image, _LARGE), min_score)
    if not found and vehicle is not None:
        sharp = page.image.filter(_SHARPENED)
        found = _confirmed(sharp, read(sharp, LOOKED_FOR), min_score)
    return sorted(found, key=lambda plate: -plate.score)


def _confirmed(image: Image.Image, readings: list[Reading], min_score: float) -> list[Plate]:
    """Every place where a plate may be, looked at again, and what most looks say."""
    found: list[Plate] = []
    guesses = _guesses(readings, image.size)
    for place in [*guesses, *_doubtful(readings, image.size)][:_MAX_PLACES]:
        if any(_same_place(place, plate) for plate in found):
            continue
        votes = [guess for guess in guesses if _same_place(guess, place)]
        for look in _LOOKS if _aspect(place, image.size) > _ONE_LINE else (*_LOOKS, *_LOOKS_AT_TWO_LINES):
            if _agreed(votes):
                break
            votes += [guess for guess in _look_again(image, place.box, *look) if _same_place(guess, place)]
        best = _elected(votes)
        if best and best.score > min_score and not any(_same_place(best, plate) for plate in found):
            found.append(best)
    return found


def _agreed(votes: list[Plate]) -> bool:
    """Whether two looks saw the same without doubt, so that a third adds nothing."""
    return len(votes) > 1 and len({vote.text for vote in votes}) == 1 and min(vote.score for vote in votes) > _SURE


def _elected(votes: list[Plate]) -> Plate | None:
    """What was read most often, weighed by the scores. A whole Chinese plate counts before parts of one.

    A text with one more character inside counts for the shorter, too: what stands between the groups of a plate, a
    seal or the shape of a state, is read as a letter more often than a letter is left out.
    """
    if chinese := [vote for vote in votes if is_chinese(vote.text)]:
        votes = chinese
    texts: dict[str, float] = defaultdict(float)
    alike: dict[str, float] = defaultdict(float)
    for vote in votes:
        texts[vote.text] += vote.score
        alike[folded(vote.text)] += vote.score
    if not chinese:
        for longer, more in list(alike.items()):
            for text in alike:
                if _has_one_more(longer, text):
                    alike[text] += more
    return max(votes, key=lambda vote: (alike[folded(vote.text)], texts[vote.text], vote.score), default=None)


def _has_one_more(longer: str, text: str) -> bool:
    """Whether `longer` is `text` with one more character that is neither its first nor its last."""
    if len(longer) != len(text) + 1:
        return False
    return any(longer[:place] + longer[place + 1 :] == text for place in range(1, len(text)))


def _look_again(image: Image.Image, box: Box, margin: float, width: int, grey: bool) -> list[Plate]:
    """What a part of the picture reads when it is scaled so that a plate has the size that reads best."""
    # As much above and below as at the sides, in pixels.
    flatness = box.width * image.width / max(1.0, box.height * image.height)
    part = box.grown(margin, margin * max(1.0, flatness))
    left, top, right, bottom = part.pixels(image.size)
    if right - left < 8 or bottom - top < 8:
        return []
    crop = image.crop((left, top, right, bottom))
    if grey:
        crop = crop.convert("L").convert("RGB")
    ratio = width / crop.width
    crop = crop.resize((width, max(16, round(crop.height * ratio))), Image.Resampling.BICUBIC)
    readings = [
        replace(reading, corners=[(left + x / ratio, top + y / ratio) for x, y in reading.corners])
        for reading in read(crop, 960)
    ]
    return _guesses(readings, image.size)


def _guesses(readings: list[Reading], size: tuple[int, int]) -> list[Plate]:
    """Texts, and pairs of texts one above the other, that can be a plate by form and shape; best first."""
    likely = [(normal(reading.text), reading) for reading in readings if reading.score > _DOUBTFUL]
    found, halves = [], []
    for above, upper in likely:
        for below, lower in likely:
            joined = stacked(above, below) if upper is not lower else None
            if joined and _above(upper, lower):
                corners = fractions([*upper.corners[:2], *lower.corners[2:]], size)
                found.append(Plate(joined, min(upper.score, lower.score), corners))
                halves += [upper, lower]
    for text, reading in likely:
        plate = Plate(text, reading.score, fractions(reading.corners, size))
        if is_plate(text) and _has_shape(plate, size) and not any(reading is half for half in halves):
            found.append(plate)
    return sorted(found, key=lambda plate: (not is_chinese(plate.text), -plate.score))


def _doubtful(readings: list[Reading], size: tuple[int, int]) -> list[Plate]:
    """Texts that may be a part of a plate, or one that was misread, and what stands beside each other as its two groups
    may; not what is certainly a word."""
    places = _groups(readings, size)
    for reading in readings:
        text = normal(reading.text)
        uncertain = reading.score < _SURE or not text.isalpha() or not text.isascii()
        place = Plate(text, reading.score, fractions(reading.corners, size))
        if 3 <= len(text) <= 10 and not is_plate(text) and uncertain and _has_shape(place, size):
            places.append(place)
    return sorted(places, key=lambda place: (not is_plate(place.text), place.text.isdigit()))


def _of_shape(readings: list[Reading], size: tuple[int, int]) -> list[Plate]:
    """Every piece of text that is as long and high as a plate, and what may be the two groups of one."""
    pieces = [Plate(normal(each.text), each.score, fractions(each.corners, size)) for each in readings]
    return [*_groups(readings, size), *(piece for piece in pieces if _has_shape(piece, size))]


def _groups(readings: list[Reading], size: tuple[int, int]) -> list[Plate]:
    """Pairs of texts that are a plate when they are read as one; neither is by itself."""
    parts = [(normal(reading.text), reading) for reading in readings if reading.score > _DOUBTFUL]
    parts = [(text, reading) for text, reading in parts if 1 < len(text) < 6 and not is_plate(text)]
    return [
        Plate(before + after, min(left.score, right.score), fractions(_around(left, right), size))
        for before, left in parts
        for after, right in parts
        if is_plate(before + after) and _beside(left, right)
    ]


def _has_shape(plate: Plate, size: tuple[int, int]) -> bool:
    return _ASPECT[0] <= _aspect(plate, size) <= _ASPECT[1]


def _aspect(plate: Plate, size: tuple[int, int]) -> float:
    """The length of a plate's perhaps turned box by its height."""
    (x0, y0), (x1, y1), _, (x3, y3) = ((x * size[0], y * size[1]) for x, y in plate.corners)
    across, down = hypot(x1 - x0, y1 - y0), hypot(x3 - x0, y3 - y0)
    return max(across, down) / max(1.0, min(across, down))


def _above(upper: Reading, lower: Reading) -> bool:
    """Whether they are the two lines of one plate: one close above the other, both about as wide and high."""
    ax0, ay0, ax1, ay1 = _hull(upper)
    bx0, by0, bx1, by1 = _hull(lower)
    aw, ah, bw, bh = ax1 - ax0, ay1 - ay0, bx1 - bx0, by1 - by0
    return (
        abs((ax0 + ax1) - (bx0 + bx1)) < 0.5 * max(aw, bw)
        and -0.5 * bh < by0 - ay1 < 0.5 * bh
        and 0.35 < ah / max(bh, 1) < 1.7
        and 0.3 < aw / max(bw, 1) < 1.6
    )


def _beside(left: Reading, right: Reading) -> bool:
    """Whether they are two groups of one plate: one close beside the other, both as high."""
    _, ay0, ax1, ay1 = _hull(left)
    bx0, by0, _, by1 = _hull(right)
    height = max(ay1 - ay0, by1 - by0)
    return (
        -0.2 * height < bx0 - ax1 < 1.2 * height
        and abs((ay0 + ay1) - (by0 + by1)) < 0.5 * height
        and min(ay1 - ay0, by1 - by0) > 0.7 * height
    )


def _around(left: Reading, right: Reading) -> Corners:
    """The corners of both."""
    return [left.corners[0], right.corners[1], right.corners[2], left.corners[3]]


def _hull(reading: Reading) -> tuple[float, float, float, float]:
    across, down = zip(*reading.corners, strict=True)
    return min(across), min(down), max(across), max(down)


def _same_place(guess: Plate, place: Plate) -> bool:
    return guess.box.common(place.box) >= 0.3 * min(guess.box.area, place.box.area)
