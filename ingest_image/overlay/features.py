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
Numbers = NDArray[np.intp]

# A picture is enlarged or shrunk to this longest side, that of our thumbnails.
_SIDE = 256
_DETECTED = 1000
# Pictures of different scales are compared in steps of this, from the whole size on.
_STEP, _STEPS = 1.3, 5
# A point is known by the pixels around it, this many across; it may be as near to the edge as this. OpenCV's own 31 is
# too much of a thumbnail.
_PATCH, _EDGE = 21, 10
# Only the strongest points of each square of this size count. Otherwise all would be those of a text laid over.
_CELL = 22
_PER_CELL = 6
# The strongest of these, and how many of them must be in both pictures before all are compared.
_STRONGEST, _PROMISING = 2, 6
# Difference in brightness (0 to 255) that makes a point: dark pictures have weak ones.
_CONTRAST = 4
# A point of the other picture is the same one if the next best differs in this many times as many bits.
_RATIO = 0.85
# One bit is left out, so that a byte holds every number of them.
_BITS = 255
# All points of a copy are turned and scaled alike, within a step of a twelfth of a turn and one of the scale.
_TURNS = 12
# Pixels by which a place may be off.
_OFF = 3.0
# Below that, any three points would do.
_FEWEST = 5


@dataclass(frozen=True, eq=False)
class Features:
    """Points, the strongest of each square first: places (n x 2, pixels), words (n x 4, 255 bits),
    angles (degrees), and steps of scale.

    `strongest`: how many are among the strongest of their squares.
    """

    places: NDArray[np.float64]
    words: NDArray[np.uint64]
    angles: NDArray[np.float64]
    scales: Numbers
    strongest: int

    def few(self) -> Features:
        """Only the strongest points of each square."""
        end = self.strongest
        return Features(self.places[:end], self.words[:end], self.angles[:end], self.scales[:end], end)


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
    kept = np.flatnonzero(_ranks(points) < _PER_CELL)
    points, words = orb.compute(scaled, [points[number] for number in kept])
    if len(points) < _FEWEST:
        return None
    # Computing has changed their order.
    ranks = _ranks(points)
    order = np.argsort(ranks, kind="stable")
    table = np.array([(*point.pt, point.angle, point.octave) for point in points])[order]
    places = (table[:, :2] + 0.5) / scale
    numbers = words.view(np.uint64)[order]
    numbers[:, -1] >>= np.uint64(1)
    strongest = int(np.count_nonzero(ranks < _STRONGEST))
    return Features(places, numbers, table[:, 2], table[:, 3].astype(np.intp), strongest)


def _ranks(points: Any) -> Numbers:
    """The place of each point among those of its square, by strength, from 0."""
    columns, rows = (_cv2().KeyPoint.convert(points) // _CELL).astype(int).T
    strengths = [point.response for point in points]
    squares = rows * _SIDE + columns
    order = np.lexsort((np.negative(strengths), squares))
    ordered = squares[order]
    ranks = np.empty(len(order), np.intp)
    ranks[order] = np.arange(len(order)) - np.searchsorted(ordered, ordered)
    return ranks


def fitted(one: Features, other: Features) -> tuple[Affine, int] | None:
    """The affine map that takes most points of one picture to those of the other, and how many; None without any."""
    source, target = _pairs(one, other)
    if len(source) < _FEWEST:
        return None
    places = one.places[source], other.places[target]
    found, inside = _cv2().estimateAffine2D(*places, method=_cv2().RANSAC, ransacReprojThreshold=_OFF)
    if found is None or (count := int(inside.sum())) < _FEWEST:
        return None
    return found, count


def may_fit(one: Features, other: Features) -> bool:
    """Whether the strongest points of one picture let expect that it fits. Takes a third of the time of `fitted`."""
    return len(_pairs(one.few(), other)[0]) >= _PROMISING


def _pairs(one: Features, other: Features) -> tuple[Numbers, Numbers]:
    """Numbers of the points that are in both pictures, turned and scaled alike; first those of `one`."""
    if len(other.words) < 2:
        return np.empty(0, np.intp), np.empty(0, np.intp)
    bits = _distances(one.words, other.words)
    every = np.arange(len(bits))
    nearest = bits.argmin(1)
    least = bits[every, nearest]
    bits[every, nearest] = _BITS
    source = np.flatnonzero(least < _RATIO * bits.min(1))
    # Each point of the other picture once, with its nearest.
    source = source[np.argsort(least[source], kind="stable")]
    target, first = np.unique(nearest[source], return_index=True)
    source = source[first]
    alike = _alike(other.angles[target] - one.angles[source], other.scales[target] - one.scales[source])
    return source[alike], target[alike]


def _distances(one: NDArray[np.uint64], other: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """Different bits of each word of one (rows) and each of the other. NumPy takes 0.6 of OpenCV's time for it."""
    bits = np.zeros((len(one), len(other)), np.uint8)
    different = np.empty(bits.shape, np.uint64)
    for left, right in zip(one.T, other.T.copy(), strict=True):
        np.bitwise_xor(left[:, None], right, out=different)
        bits += np.bitwise_count(different)
    return bits


def _alike(angles: NDArray[np.float64], scales: Numbers) -> NDArray[np.bool_]:
    """Which of these differences are near the most frequent ones (D. Lowe, "Distinctive Image Features", IJCV 2004)."""
    turns = (angles % 360 * (_TURNS / 360)).astype(int) % _TURNS
    # One more at each end, so that all have neighbours: of a turn, the one at the other end.
    votes = np.zeros((_TURNS + 2, 2 * _STEPS + 1), int)
    np.add.at(votes, (turns + 1, scales + _STEPS), 1)
    votes[0], votes[-1] = votes[-2], votes[1]
    votes = votes[:-2] + votes[1:-1] + votes[2:]
    votes = votes[:, :-2] + votes[:, 1:-1] + votes[:, 2:]
    turn, scale = np.unravel_index(votes.argmax(), votes.shape)
    alike: NDArray[np.bool_] = ((turns - turn + 1) % _TURNS < 3) & (np.abs(scales + _STEPS - 1 - scale) < 2)
    return alike


@cache
def _cv2() -> Any:
    import cv2

    # One core for one picture.
    cv2.setNumThreads(1)
    return cv2
