"""What must not be seen in a picture: the boxes of faces, number plates and text that are to be hidden.

Here a miss is worse than a mistake: thresholds are lower than where things are looked for to be found, and what may be
a plate is taken for one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Literal

import numpy as np
from PIL import Image

from .box import Box
from .faces import LARGE, PART, SMALL, faces, large_faces
from .faces import MIN_SCORE as SURE_FACE
from .faint import faint_texts
from .labels import see
from .plates import VEHICLE, _guesses, _of_shape, plates
from .text import Page, look, places

What = Literal["faces", "plates", "text"]
# A part of a picture: where it is, and its pixels.
Part = tuple[Box, Image.Image]
# Half of what `faces` takes for one, and less than half for plates.
MIN_SCORE = 0.25
# Whether a picture is all there is of it, is seen again in its parts, or is one of these.
Seen = Literal["by itself", "in parts", "as a part"]
# Pixels of the long side. In copies so small, a face that is nearer than the picture is large is still seen as one.
_COPIES = (SMALL, 128)
# Steps of 255 between the darkest and the brightest pixel.
_FLAT = 4


def unseen(
    image: Image.Image, what: Iterable[What], min_score: float = MIN_SCORE, parts: Iterable[Part] = ()
) -> dict[What, list[Box]]:
    """The boxes of each kind in an upright picture of any mode and size. Raises RecognitionMissing.

    `parts`: of a picture that is larger than `image`, to find what is small; they are looked at upright only.
    """
    wanted = set(what)
    vehicle = see(image).vehicle if "plates" in wanted else 0.0
    rest = iter(parts)
    first = next(rest, None)
    found = _seen(image, wanted, min_score, vehicle, "in parts" if first else "by itself")
    if "faces" in wanted:
        # Not by the low score: a picture that lies on its side is rare.
        for box in lying(image, max(min_score, SURE_FACE)):
            (add_large if box.area >= LARGE else add_unless_there)(found["faces"], [box])
    for place, part in chain([first] if first else [], rest):
        if _is_flat(part):
            continue
        near = max(vehicle, see(part).vehicle) if "plates" in wanted and vehicle <= VEHICLE else vehicle
        for kind, boxes in _seen(part, wanted, min_score, near, "as a part").items():
            add(found[kind], (box.within(place) for box in boxes))
    return found


def _seen(image: Image.Image, wanted: set[What], min_score: float, vehicle: float, seen: Seen) -> dict[What, list[Box]]:
    """`vehicle`: the probability of one that is there."""
    page = look(image) if wanted & {"plates", "text"} else None
    found: dict[What, list[Box]] = {}
    if "faces" in wanted:
        found["faces"] = [face.box for face in faces(image, min_score, large=False)]
        for side in _COPIES if seen != "as a part" else ():
            add_large(found["faces"], (face.box for face in large_faces(image, min_score, side)))
    if page and "plates" in wanted:
        found["plates"] = _plates(page, vehicle, min_score, seen)
    if page and "text" in wanted:
        found["text"] = places(page)
    if page and seen != "in parts":
        _add_faint(found, page, vehicle)
    return found


def _add_faint(found: dict[What, list[Box]], page: Page, vehicle: float) -> None:
    """What is too small to be boxed as text. Where no vehicle is seen, plates so small are none of it."""
    with_plates = "plates" in found and vehicle > VEHICLE
    if not with_plates and "text" not in found:
        return
    for faint in faint_texts(page):
        if "text" in found:
            found["text"].append(faint.box)
        if with_plates and faint.may_be_plate:
            found["plates"].append(faint.box)


def _is_flat(part: Image.Image) -> bool:
    """Whether all of it has as good as one colour. Faces are found from a contrast of 6 steps of 255 on, text of 10."""
    return bool(np.ptp(np.asarray(part.convert("RGB")), axis=(0, 1)).max() < _FLAT)


def add(boxes: list[Box], more: Iterable[Box]) -> None:
    """Add what was seen in another view; what is in both becomes one box around both."""
    for box in more:
        same = [other for other in boxes if box.common(other) > 0.3 * min(box.area, other.area)]
        boxes[:] = [other for other in boxes if other not in same]
        for other in same:
            box = box.around_both(other)
        boxes.append(box)


def add_large(boxes: list[Box], more: Iterable[Box]) -> None:
    """Add faces that fill the picture, each as one box around it and what was taken for faces in it.

    Its parts say less than where it ends: of a mouth and a chin nothing must be left. Small faces in front stay.
    """
    for box in more:
        small = [other for other in boxes if other.area < PART * box.area]
        boxes[:] = [other for other in boxes if other not in small]
        add(boxes, [box])
        boxes += small


def add_unless_there(boxes: list[Box], more: Iterable[Box]) -> None:
    """Add what is at none of the places."""
    for box in more:
        if not any(box.common(other) > 0.3 * min(box.area, other.area) for other in boxes):
            boxes.append(box)


def lying(image: Image.Image, min_score: float) -> Iterator[Box]:
    """Faces of a picture that lies on its side or its head: upright the model misses half of these."""
    for quarters in (1, 2, 3):
        image = image.transpose(Image.Transpose.ROTATE_90)
        for face in faces(image, min_score):
            box = face.box
            for _ in range(quarters):
                box = Box(1 - box.bottom, box.x, box.height, box.width)
            yield box


def _plates(page: Page, vehicle: float, min_score: float, seen: Seen) -> list[Box]:
    """Plates, wherever they are; where a vehicle is seen, every text of a plate's shape, whatever is read there.

    There are plates of letters alone, of digits alone, and in writings that cannot be read. In a part, plates are not
    read once more each, which takes most of the time: what has a plate's shape is hidden as it is.
    """
    boxes = [guess.box for guess in _guesses(page.readings, page.image.size)]
    if seen != "as a part":
        looked = max(vehicle, 2 * VEHICLE)
        boxes += [plate.box for plate in plates(page, looked, min_score, in_parts=seen == "in parts")]
    if vehicle > VEHICLE:
        boxes += [place.box for place in _of_shape(page.readings, page.image.size)]
    return _apart(boxes)


def _apart(boxes: list[Box]) -> list[Box]:
    """Without those that lie within another one for the most part."""
    kept: list[Box] = []
    for box in sorted(boxes, key=lambda box: -box.area):
        if not any(box.common(other) > 0.7 * box.area for other in kept):
            kept.append(box)
    return kept
