"""Points of a picture by which another one is laid over it, with OpenCV (ORB and RANSAC).

E. Rublee et al., "ORB: an efficient alternative to SIFT or SURF", ICCV 2011. Points are told apart from others by 256
bits each, whatever the turn and the size of the picture. A mirrored picture has other bits.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

# 2 x 3: from x and y in pixels of one picture to those of the other. Pixels are areas: the first one is at (0.5, 0.5).
Affine = NDArray[np.float64]

# A picture is enlarged or shrunk to this longest side: small points of a thumbnail count, too.
_SIDE = 384
_DETECTED = 1000
# Pictures of different scales are compared in steps of this, from the whole size on.
_STEP, _STEPS = 1.3, 6
# Of each square of so many pixels only the strongest points count. Otherwise all are those of a text laid over.
_CELL = 32
_PER_CELL = 6
# A point of the other picture is the same one if the next best differs in this many times as many bits.
_RATIO = 0.85
# Pixels by which a place may be off.
_OFF = 3.0
# Below that, any three points would do.
_FEWEST = 5


@dataclass(frozen=True, eq=False)
class Features:
    """Places (n x 2, pixels) and words (n x 32 bytes, compared by bits) of points."""

    places: NDArray[np.float64]
    words: NDArray[np.uint8]


@cache
def available() -> bool:
    """Whether OpenCV is installed; it comes with the extra `recognition`."""
    return importlib.util.find_spec("cv2") is not None


def of(gray: NDArray[np.uint8]) -> Features | None:
    """The points of a picture; None if it has hardly any, or without OpenCV."""
    if not available():
        return None
    cv2 = _cv2()
    scale = _SIDE / max(gray.shape)
    enlarged = cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    orb = cv2.ORB_create(nfeatures=_DETECTED, scaleFactor=_STEP, nlevels=_STEPS, edgeThreshold=15, fastThreshold=5)
    points = orb.detect(enlarged, None)
    if len(points) < _FEWEST:
        return None
    points, words = orb.compute(enlarged, _spread(points))
    if len(points) < _FEWEST:
        return None
    return Features((np.array([point.pt for point in points]) + 0.5) / scale, words)


def _spread(points: Any) -> list[Any]:
    """The strongest of each square."""
    columns, rows = (_cv2().KeyPoint.convert(points) // _CELL).astype(int).T
    strengths = [point.response for point in points]
    squares = rows * _SIDE + columns
    order = np.lexsort((np.negative(strengths), squares))
    ordered = squares[order]
    rank = np.arange(len(order)) - np.searchsorted(ordered, ordered)
    return [points[number] for number in order[rank < _PER_CELL]]


def fitted(one: Features, other: Features) -> tuple[Affine, int] | None:
    """The affine map that takes most points of one picture to those of the other, and how many; None without any."""
    cv2 = _cv2()
    pairs: dict[int, Any] = {}
    for best, second in cv2.BFMatcher(cv2.NORM_HAMMING).knnMatch(one.words, other.words, k=2):
        taken = pairs.get(best.trainIdx)
        if best.distance < _RATIO * second.distance and (taken is None or best.distance < taken.distance):
            pairs[best.trainIdx] = best
    if len(pairs) < _FEWEST:
        return None
    source = one.places[[pair.queryIdx for pair in pairs.values()]]
    target = other.places[[pair.trainIdx for pair in pairs.values()]]
    found, inside = cv2.estimateAffine2D(source, target, method=cv2.RANSAC, ransacReprojThreshold=_OFF)
    if found is None or (count := int(inside.sum())) < _FEWEST:
        return None
    return found, count


@cache
def _cv2() -> Any:
    import cv2

    # One core for one picture.
    cv2.setNumThreads(1)
    return cv2
