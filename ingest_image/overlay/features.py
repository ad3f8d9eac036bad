"""Points of a picture by which another one is laid over it, with OpenCV (ORB and RANSAC).

E. Rublee et al., "ORB: an efficient alternative to SIFT or SURF", ICCV 2011. Points are told apart from others by 256
bits each, whatever the turn and the size of the picture. A mirrored picture has other bits.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

# 2 x 3: from x and y in pixels of one picture to those of the other. Pixels are areas: the first one is at (0.5, 0.5).
Affine = NDArray[np.float64]
Numbers = NDArray[np.intp]

# A picture is enlarged or shrunk to this longest side, that of our thumbnails.
_SIDE = 256
_DETECTED = 1000
# Pictures of different scales are compared in steps of this, from the whole size on.
_STEP, _STEPS = 1.3, 5
# A point is told by the pixels around it, this many across; it may be as near to the edge as this. OpenCV's own 31 is
# too much of a thumbnail.
_PATCH, _EDGE = 21, 10
# Of each square of so many pixels only the strongest points count. Otherwise all are those of a text laid over.
_CELL = 22
_PER_CELL = 6
# Difference in brightness (0 to 255) that makes a point: dark pictures have weak ones.
_CONTRAST = 4
# A point of the other picture is the same one if the next best differs in this many times as many bits.
_RATIO = 0.85
# All points of a copy are turned and scaled alike, within a step of a twelfth of a turn and one of the scale.
_TURNS = 12
# Pixels by which a place may be off.
_OFF = 3.0
# Below that, any three points would do.
_FEWEST = 5


@dataclass(frozen=True, eq=False)
class Features:
    """Points: places (n x 2, pixels), words (n x 32 bytes, compared by bits), angles (degrees), and steps of scale."""

    places: NDArray[np.float64]
    words: NDArray[np.uint8]
    angles: NDArray[np.float64]
    scales: Numbers


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
    scaled = gray if scale == 1 else cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    orb = cv2.ORB_create(
        nfeatures=_DETECTED,
        scaleFactor=_STEP,
        nlevels=_STEPS,
        edgeThreshold=_EDGE,
        patchSize=_PATCH,
        fastThreshold=_CONTRAST,
    )
    points = orb.detect(scaled, None)
    if len(points) < _FEWEST:
        return None
    points, words = orb.compute(scaled, _spread(points))
    if len(points) < _FEWEST:
        return None
    table = np.array([(*point.pt, point.angle, point.octave) for point in points])
    return Features((table[:, :2] + 0.5) / scale, words, table[:, 2], table[:, 3].astype(np.intp))


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
    source, target = _pairs(one, other)
    if len(source) < _FEWEST:
        return None
    cv2 = _cv2()
    places = one.places[source], other.places[target]
    found, inside = cv2.estimateAffine2D(*places, method=cv2.RANSAC, ransacReprojThreshold=_OFF)
    if found is None or (count := int(inside.sum())) < _FEWEST:
        return None
    return found, count


def _pairs(one: Features, other: Features) -> tuple[Numbers, Numbers]:
    """Numbers of the points that are in both pictures, turned and scaled alike; first those of `one`."""
    cv2 = _cv2()
    bits, nearest = cv2.batchDistance(one.words, other.words, cv2.CV_32S, normType=cv2.NORM_HAMMING, K=2)
    source = np.flatnonzero(bits[:, 0] < _RATIO * bits[:, 1])
    # Each point of the other picture once, with its nearest.
    source = source[np.argsort(bits[source, 0], kind="stable")]
    target, first = np.unique(nearest[source, 0], return_index=True)
    source = source[first]
    alike = _alike(other.angles[target] - one.angles[source], other.scales[target] - one.scales[source])
    return source[alike], target[alike]


def _alike(angles: NDArray[np.float64], scales: Numbers) -> NDArray[np.bool_]:
    """Which of these differences are near the most frequent ones (D. Lowe, "Distinctive Image Features", IJCV 2004)."""
    turns = (angles % 360 * (_TURNS / 360)).astype(int) % _TURNS
    votes = np.zeros((_TURNS, 2 * _STEPS + 1), int)
    # The first and the last column stay empty, so that rolling mixes nothing there.
    np.add.at(votes, (turns, scales + _STEPS), 1)
    around = np.sum([np.roll(votes, by, (0, 1)) for by in product((-1, 0, 1), repeat=2)], 0)
    turn, scale = np.unravel_index(around.argmax(), around.shape)
    alike: NDArray[np.bool_] = ((turns - turn + 1) % _TURNS < 3) & (np.abs(scales + _STEPS - scale) < 2)
    return alike


@cache
def _cv2() -> Any:
    import cv2

    # One core for one picture.
    cv2.setNumThreads(1)
    return cv2
