"""Reduces many colours to a few: clusters in OKLab. Nothing is random: a picture always gives the same colours."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...color.oklab import Colors, to_oklab

Weights = NDArray[np.float64]

# Clusters at the start, at least. The nearest are merged afterwards.
_SEEDS = 20
# Rounds of k-means before merging, and after it. The later ones make nearly equal pictures end with equal colours.
_ROUNDS, _FINAL_ROUNDS = 2, 12
# Light and shade turn the one colour of a thing into many. So lightness counts half, hue and chroma fully.
_AXES = np.array((0.5, 1.0, 1.0))
# To people who search, colours nearer than this (OKLab distance) are one: shades of the same sky.
_SAME = 0.06


def dominant(rgb: NDArray[np.uint8], count: int) -> tuple[Colors, Weights]:
    """At most `count` colours (OKLab) of pixels (n x 3), with their shares (sum 1), most frequent first."""
    points, weights = _binned(rgb)
    points *= _AXES
    many = _moved(points, weights, _seeds(points, weights, max(_SEEDS, count)), _ROUNDS)
    centers, shares = _moved(points, weights, _merged(*many, count), _FINAL_ROUNDS)
    order = np.argsort(-shares, kind="stable")
    return centers[order] / _AXES, shares[order]


def _binned(rgb: NDArray[np.uint8]) -> tuple[Colors, Weights]:
    """Means (OKLab) and shares of the pixels in each of 16x16x16 boxes: hundreds of points, not thousands."""
    levels = (rgb >> 4).astype(np.int32)
    box = levels[:, 0] << 8 | levels[:, 1] << 4 | levels[:, 2]
    counts = np.bincount(box, minlength=4096)
    used = np.flatnonzero(counts)
    sums = np.stack([np.bincount(box, rgb[:, axis], minlength=4096) for axis in range(3)], axis=1)[used]
    counts = counts[used]
    return to_oklab(np.rint(sums / counts[:, None]).astype(np.uint8)), counts / counts.sum()


def _seeds(points: Colors, weights: Weights, count: int) -> Colors:
    """The heaviest point, then again and again the one that is heaviest and farthest from those chosen."""
    chosen = [int(np.argmax(weights))]
    nearest = _squares_to(points, points[chosen[0]])
    while len(chosen) < min(count, len(points)):
        chosen.append(int((weights * nearest).argmax()))
        np.minimum(nearest, _squares_to(points, points[chosen[-1]]), out=nearest)
    return points[chosen]


def _moved(points: Colors, weights: Weights, centers: Colors, rounds: int) -> tuple[Colors, Weights]:
    """k-means (Lloyd, 1982): centers and their shares after some rounds."""
    weighted, lengths = weights[:, None] * points, _lengths(points)
    shares = weights
    label = None
    for _ in range(rounds):
        before, label = label, np.argmin(_squares(points, lengths, centers), axis=1)
        if before is not None and np.array_equal(before, label):
            break
        members = (label[:, None] == np.arange(len(centers))).astype(np.float64)
        shares = weights @ members
        kept = shares > 0
        shares = shares[kept]
        centers = (members.T @ weighted)[kept] / shares[:, None]
    return centers, shares


def _merged(centers: Colors, shares: Weights, count: int) -> Colors:
    """Merge clusters that look alike, then those that change the picture least (Ward, 1963), until `count` are left."""
    squares, weight = _squares(centers, _lengths(centers), centers), _reduced_mass(shares[:, None], shares)
    np.fill_diagonal(squares, np.inf)
    left = np.ones(len(centers), bool)
    for remaining in range(len(centers), 1, -1):
        nearest = int(squares.argmin())
        if squares.flat[nearest] >= _SAME**2:
            if remaining <= count:
                break
            nearest = int((squares * weight).argmin())
        one, other = sorted(divmod(nearest, len(centers)))
        total = shares[one] + shares[other]
        centers[one] = (centers[one] * shares[one] + centers[other] * shares[other]) / total
        shares[one] = total
        left[other] = False
        squares[other] = squares[:, other] = np.inf
        squares[one] = squares[:, one] = np.where(left, _squares_to(centers, centers[one]), np.inf)
        squares[one, one] = np.inf
        weight[one] = weight[:, one] = _reduced_mass(total, shares)
    return centers[left]


def _reduced_mass(one: Any, other: Weights) -> Weights:
    """What a merger of two clusters costs for each squared distance between them."""
    mass: Weights = one * other / (one + other)
    return mass


def _squares(points: Colors, lengths: Weights, others: Colors) -> Weights:
    """Squared distance of each point to each of the others; `lengths`: those of the points."""
    squares: Weights = lengths[:, None] - 2 * points @ others.T
    squares += _lengths(others)
    return squares


def _lengths(points: Colors) -> Weights:
    """Squared length of each point."""
    lengths: Weights = (points**2).sum(axis=1)
    return lengths


def _squares_to(points: Colors, one: Colors) -> Weights:
    """Squared distance of each point to one."""
    difference = points - one
    squares: Weights = np.einsum("ij,ij->i", difference, difference)
    return squares
