"""Faces in a picture, by CenterFace (https://github.com/Star-Clouds/CenterFace)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .box import Box
from .ocr import Corners
from .runtime import session
from .text import opaque

MODEL = "centerface.onnx"
# The number is raised when other faces are found in the same picture.
MADE_BY = "centerface-3"
MIN_SCORE = 0.5
# The long side in which faces are looked for. The smallest that are found are about 10 pixels wide then.
_SIDE = 960
# A face that fills the picture is too large there: it is seen in a copy of this size, as one that covers at least this
# share of it. Animals are seen as faces there, too, but cover less, or are not as sure.
SMALL, LARGE = 192, 0.2
# Where a face is too large, parts of it are taken for faces, with scores of up to 0.9: most of each lies in it.
# None was smaller than a quarter of the whole: what is below this share of it is the face of somebody in front.
_WITHIN, PART = 0.5, 0.2
# And what has this share of the whole is as good as it.
_WHOLE = 0.7
# The model wants sides that are multiples of this, and answers at a quarter of the size.
_MULTIPLE = 32
_STRIDE = 4
# Two boxes that share more of their union than this are one face.
_OVERLAP = 0.3
Numbers = NDArray[np.float32]


@dataclass(frozen=True)
class Face:
    """A face. `landmarks`: eyes, tip of the nose, corners of the mouth (left ones first), fractions of the sides."""

    box: Box
    score: float
    landmarks: Corners


def faces(image: Image.Image, min_score: float = MIN_SCORE, large: bool = True) -> list[Face]:
    """The faces in an upright picture of any mode and size, the largest first. Raises RecognitionMissing.

    `large`: also one that fills the picture.
    """
    image = opaque(image)
    found = _seen(image, min_score)
    if large and max(image.size) > SMALL:
        found = _with_large(found, _seen_small(image, min_score / 2, SMALL), min_score)
    return sorted(found, key=lambda face: -face.box.area)


def large_faces(image: Image.Image, min_score: float, side: int = SMALL) -> list[Face]:
    """Those that fill the picture, seen in a copy with this long side."""
    return [face for face in _seen_small(image, min_score, side) if face.box.area >= LARGE]


def _seen_small(image: Image.Image, min_score: float, side: int) -> list[Face]:
    copy = opaque(image)
    copy.thumbnail((side, side), Image.Resampling.BILINEAR)
    return _seen(copy, min_score)


def _with_large(found: list[Face], small: list[Face], min_score: float) -> list[Face]:
    """Faces, and those of a small copy that fill the picture: each instead of its parts, unless it was found itself."""
    for whole in small:
        if whole.score < min_score or whole.box.area < LARGE:
            continue
        # What is seen apart from it in the small copy, too, is another one.
        apart = [other for other in small if other is not whole]
        own = next((face for face in found if _same(face, whole) and face.box.area > _WHOLE * whole.box.area), whole)
        found = [
            face
            for face in found
            if face is not own and (not _is_part(face, whole) or any(_same(face, other) for other in apart))
        ] + [own]
    return found


def _same(one: Face, other: Face) -> bool:
    common = one.box.common(other.box)
    return common > _OVERLAP * (one.box.area + other.box.area - common)


def _is_part(face: Face, whole: Face) -> bool:
    """Whether it may be a part of a face that fills the picture, taken for a face of its own."""
    return face.box.area > PART * whole.box.area and face.box.common(whole.box) > _WITHIN * face.box.area


def _seen(image: Image.Image, min_score: float) -> list[Face]:
    """The faces that the model sees in an RGB picture."""
    pixels, ratio = _prepared(image)
    outputs = session(MODEL).run(None, {"input.1": pixels})
    heat, scale, offset, marks = (np.asarray(output[0]) for output in outputs)
    rows, columns = np.nonzero(heat[0] >= min_score)
    if not rows.size:
        return []
    scores = heat[0, rows, columns]
    # The formulas are those of the project's own decoder: sizes as logarithms, everything in units of the stride.
    heights, widths = np.exp(scale[:, rows, columns]) * _STRIDE
    downs, rights = offset[:, rows, columns]
    lefts = (columns + rights + 0.5) * _STRIDE - widths / 2
    tops = (rows + downs + 0.5) * _STRIDE - heights / 2
    boxes = np.stack([lefts, tops, lefts + widths, tops + heights], axis=1)
    across = marks[1::2, rows, columns] * widths + lefts
    down = marks[0::2, rows, columns] * heights + tops
    width, height = image.width * ratio, image.height * ratio
    found = []
    for index in _separate(boxes, scores):
        left, top, right, bottom = boxes[index]
        if left >= width or top >= height:
            # In the rim that makes the sides multiples of 32.
            continue
        box = Box.around([(float(left) / width, float(top) / height), (float(right) / width, float(bottom) / height)])
        points = zip(across[:, index] / width, down[:, index] / height, strict=True)
        found.append(Face(box, float(scores[index]), [(float(x), float(y)) for x, y in points]))
    return found


def _prepared(image: Image.Image) -> tuple[Numbers, float]:
    """The pixels as the model wants them (1 x 3 x height x width, RGB, 0 to 255), and how much they were scaled by."""
    ratio = min(1.0, _SIDE / max(image.size))
    size = max(1, round(image.width * ratio)), max(1, round(image.height * ratio))
    small = np.asarray(image.resize(size, Image.Resampling.BILINEAR) if size != image.size else image, np.float32)
    height, width = (-(-side // _MULTIPLE) * _MULTIPLE for side in small.shape[:2])
    pixels = np.zeros((1, 3, height, width), np.float32)
    pixels[0, :, : small.shape[0], : small.shape[1]] = small.transpose(2, 0, 1)
    return pixels, ratio


def _separate(boxes: Numbers, scores: Numbers) -> list[int]:
    """Indices of boxes that are faces of their own: of those that overlap, the surest one."""
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    kept: list[int] = []
    rest = np.argsort(-scores)
    while rest.size:
        best, rest = int(rest[0]), rest[1:]
        kept.append(best)
        across = np.minimum(boxes[rest, 2], boxes[best, 2]) - np.maximum(boxes[rest, 0], boxes[best, 0])
        down = np.minimum(boxes[rest, 3], boxes[best, 3]) - np.maximum(boxes[rest, 1], boxes[best, 1])
        common = np.maximum(across, 0) * np.maximum(down, 0)
        rest = rest[common / (areas[rest] + areas[best] - common) <= _OVERLAP]
    return kept
