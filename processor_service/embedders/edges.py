"""Directions of edges, counted in overlapping cells."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Planes = NDArray[Any]

DIRECTIONS = 8


def edges(light: NDArray[np.float32]) -> Planes:
    """The strength of the edges in each of 8 directions, which make half a turn: planes of 8 x height x width."""
    down, right = np.gradient(light)
    strength = np.hypot(down, right)
    place = np.arctan2(down, right) % np.pi / np.pi * DIRECTIONS
    low = np.floor(place).astype(int)
    above = place - low
    planes = np.zeros((DIRECTIONS, *light.shape), np.float32)
    # An edge between two directions counts for both.
    for step, weight in ((low, 1 - above), (low + 1, above)):
        at = (step % DIRECTIONS)[None]
        np.put_along_axis(planes, at, np.take_along_axis(planes, at, 0) + (strength * weight)[None], 0)
    return planes


def cells(planes: Planes, count: int) -> Planes:
    """Means over count x count cells that fade into each other: n x count x count."""
    rows, columns = _tents(planes.shape[1], count), _tents(planes.shape[2], count)
    means: Planes = rows @ planes @ columns.T
    return means


def mirrored(cells: Planes) -> Planes:
    """The cells of the mirrored picture."""
    return cells[-np.arange(DIRECTIONS) % DIRECTIONS][:, :, ::-1]


@lru_cache(maxsize=8)
def _tents(size: int, count: int) -> Planes:
    """count x size: the weights of each cell, 1 in its middle and 0 in the middle of the next."""
    middle = (np.arange(count) + 0.5) * size / count
    distance = np.abs(np.arange(size) + 0.5 - middle[:, None])
    weights = np.maximum(0, 1 - distance * count / size)
    return np.asarray(weights / weights.sum(1, keepdims=True), np.float32)
