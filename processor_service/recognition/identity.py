"""Whose face it is: vectors of faces, by dlib's ResNet (https://github.com/davisking/dlib-models).

Vectors of one person are near each other (Euclidean distance), those of two people are not: docs/recognition.md has
the figures. These are biometric data (docs/privacy.md).

The packages are the extra `identity`. One of them, face_recognition_models, has a third model that may not be used
commercially: it is never loaded.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .faces import Face
from .runtime import RecognitionMissing, absence
from .runtime import missing as recognition_missing
from .text import opaque

NAME = "dlib-resnet-v1"
DIMS = 128
# Faces of a picture. Each takes up to 0.1 s.
MOST = 50
_DECIMALS = 5
_PACKAGES = ("dlib", "face_recognition_models")
_LANDMARKS, _NET = "shape_predictor_5_face_landmarks.dat", "dlib_face_recognition_resnet_model_v1.dat"
# The face is laid upright into a square of this many pixels, its own square in the middle half.
_CANVAS = 320
# dlib's square around a face: how large in relation to the distance of the eyes, or of eyes and mouth, and how far its
# middle is on the way from the eyes to the mouth. Means of what its own detector finds.
_SQUARE, _MIDDLE = 2.2, 0.45
# The net's input in pixels, with dlib's margin around the face.
_CHIP, _MARGIN = 150, 0.25
# A picture is made smaller by at most this factor in whole pixels, the rest is left to the transform.
_MOST_REDUCED = 64
# Pixels between the eyes, or eyes and mouth, from which a vector says whose face it is.
SMALLEST = 14
Vector = NDArray[np.float32]


def missing() -> str | None:
    """What is missing for vectors of faces in this installation, as a sentence; None when nothing is. Loads nothing."""
    return recognition_missing() or absence(_PACKAGES, "identity")


@dataclass(frozen=True)
class Identity:
    """A face, and the vector (128 numbers) that says whose it is."""

    face: Face
    vector: Vector

    def fields(self) -> list[float]:
        """The vector as it is stored: its numbers are between -1 and 1."""
        return [round(float(number), _DECIMALS) for number in self.vector]


def identities(image: Image.Image, faces: Iterable[Face]) -> list[Identity]:
    """Whose faces these are, which were found in an upright picture of any mode and size; at most `MOST`.

    Faces that are too small to tell are left out. Raises RecognitionMissing.
    """
    predictor, net = _models()
    pixels = opaque(image)
    squares = ((face, square) for face in faces if (square := _square(pixels, face)))
    return [Identity(face, _vector(square, predictor, net)) for face, square in islice(squares, MOST)]


def _vector(square: Image.Image, predictor: Any, net: Any) -> Vector:
    import dlib

    pixels = np.asarray(square)
    shape = predictor(pixels, dlib.rectangle(_CANVAS // 4, _CANVAS // 4, 3 * _CANVAS // 4, 3 * _CANVAS // 4))
    chip = dlib.get_face_chip(pixels, shape, size=_CHIP, padding=_MARGIN)
    return np.asarray(net.compute_face_descriptor(chip), np.float32)


def _square(image: Image.Image, face: Face) -> Image.Image | None:
    """The face upright, of a fixed size, in the middle of a square; None when it is too small."""
    left, right, _, *mouth = (np.array(point) * image.size for point in face.landmarks)
    eyes, lips = (left + right) / 2, (mouth[0] + mouth[1]) / 2
    # Eyes are close to each other from the side, eyes and mouth from above.
    size = max(float(np.hypot(*(right - left))), float(np.hypot(*(lips - eyes))))
    # Where the face's own right is in the picture, by both.
    level = right - left + np.array([lips[1] - eyes[1], eyes[0] - lips[0]])
    length = float(np.hypot(*level))
    if not math.isfinite(size + length) or size < SMALLEST or length < SMALLEST:
        return None
    # Pixels of the picture for each of the square's.
    step = _SQUARE * size / (_CANVAS / 2)
    # Landmarks may lie far outside of the picture: Pillow's sums of more pixels than these would not hold.
    factor = min(max(1, int(step)), _MOST_REDUCED)
    if factor > 1:
        image = image.reduce(factor)
    middle = (eyes + _MIDDLE * (lips - eyes)) / factor
    across, down = level / length * step / factor
    start = middle - _CANVAS / 2 * np.array([across - down, down + across])
    affine = (across, -down, start[0], down, across, start[1])
    return image.transform((_CANVAS, _CANVAS), Image.Transform.AFFINE, affine, Image.Resampling.BICUBIC)


def warm_up() -> None:
    """Load the models and use them once. Raises RecognitionMissing."""
    _vector(Image.new("RGB", (_CANVAS, _CANVAS), (128, 128, 128)), *_models())


@cache
def _models() -> tuple[Any, Any]:
    """The predictor of five landmarks, and the net. Raises RecognitionMissing."""
    if lack := missing():
        raise RecognitionMissing(lack)
    import dlib

    # Importing the package needs pkg_resources, which current versions of setuptools no longer have.
    spec = importlib.util.find_spec("face_recognition_models")
    assert spec and spec.submodule_search_locations
    folder = Path(spec.submodule_search_locations[0]) / "models"
    return dlib.shape_predictor(str(folder / _LANDMARKS)), dlib.face_recognition_model_v1(str(folder / _NET))
