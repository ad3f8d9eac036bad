"""The few colours that stand for many: clusters in OKLab. No chance is involved: a picture always gives the same."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .oklab import Colors, to_oklab

Weights = NDArray[np.float64]

# Clusters to begin with, at least; the nearest are merged afterwards.
_SEEDS = 16
_ROUNDS = 4
# Colours nearer than this (OKLab distance) are one to a searcher: shades of the same sky.
_SAME = 0.06


def dominant(rgb: NDArray[np.uint8], count: int) -> tuple[Colors, Weights]:
    """At most `count` colours (OKLab) of pixels (n x 3), with their shares (sum 1), most frequent first."""
    points, weights = _binned(rgb)
    centers, shares = _merged(*_clustered(points, weights, max(_SEEDS, count)), count)
    order = np.argsort(-shares, kind="stable")
    return centers[order], shares[order]


def _binned(rgb: NDArray[np.uint8]) -> tuple[Colors, Weights]:
    """Means (OKLab) and shares of the pixels that fall into the same of 16x16x16 boxes: hundreds, not thousands."""
    levels = (rgb >> 4).astype(np.int32)
    _, box = np.unique(levels[:, 0] << 8 | levels[:, 1] << 4 | levels[:, 2], return_inverse=True)
    counts = np.bincount(box)
    lab = to_oklab(rgb)
    means = np.stack([np.bincount(box, lab[:, axis]) for axis in range(3)], axis=1) / counts[:, None]
    return means, counts / counts.sum()


def _clustered(points: Colors, weights: Weights, count: int) -> tuple[Colors, Weights]:
    """k-means (Lloyd) from the heaviest point and then, each time, the one that is heaviest and farthest."""
    chosen = [int(np.argmax(weights))]
    nearest = _distances(points, points[chosen[0]])
    while len(chosen) < min(count, len(points)):
        chosen.append(int(np.argmax(weights * nearest)))
        nearest = np.minimum(nearest, _distances(points, points[chosen[-1]]))
    centers = points[chosen]
    shares: Weights = weights[chosen]
    for _ in range(_ROUNDS):
        label = np.argmin(((points[:, None, :] - centers[None, :, :]) ** 2).sum(axis=2), axis=1)
        shares = np.bincount(label, weights, len(centers)).astype(np.float64)
        kept = shares > 0
        sums = np.stack([np.bincount(label, weights * points[:, axis], len(centers)) for axis in range(3)], axis=1)
        centers, shares = sums[kept] / shares[kept, None], shares[kept]
    return centers, shares


def _merged(centers: Colors, shares: Weights, count: int) -> tuple[Colors, Weights]:
    """Merge what looks alike, then what changes the picture least (Ward, 1963), until `count` are left."""
    while len(centers) > 1:
        squares = ((centers[:, None, :] - centers[None, :, :]) ** 2).sum(axis=2)
        np.fill_diagonal(squares, np.inf)
        if squares.min() >= _SAME**2:
            if len(centers) <= count:
                break
            squares *= shares[:, None] * shares[None, :] / (shares[:, None] + shares[None, :])
        one, other = sorted(divmod(int(np.argmin(squares)), len(centers)))
        total = shares[one] + shares[other]
        centers[one] = (centers[one] * shares[one] + centers[other] * shares[other]) / total
        shares[one] = total
        centers, shares = np.delete(centers, other, axis=0), np.delete(shares, other)
    return centers, shares


def _distances(points: Colors, point: Colors) -> Weights:
    squares: Weights = ((points - point) ** 2).sum(axis=1)
    return squares
