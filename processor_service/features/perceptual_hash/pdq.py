"""PDQ, a perceptual hash of 256 bits: pictures that look alike differ in few of them.

Source: Facebook, "The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing Algorithm", 2019 (hashing.pdf in
github.com/facebook/ThreatExchange). This implements that description with matrices: smoothing, sampling and cosine
transform are all linear. Each is a matrix from the left for rows, and from the right for columns.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...byte_cache import byte_cache

Matrix = NDArray[np.float32]

_GRID = 64
_COEFFICIENTS = 16
# Pictures with a shorter side (in pixels) have no structure; so says the reference implementation.
_SMALLEST = 5
NO_STRUCTURE = "0" * (_COEFFICIENTS * _COEFFICIENTS // 4)
# Sum of gradients (in hundredths of the full range) for a quality of 1, from the description.
_GRADIENT_UNIT = 90


def pdq(luma: NDArray[np.uint8]) -> tuple[str, int]:
    """Hash (64 hex digits) and quality (0 to 100) of a grey picture, an array of height x width.

    With a quality below 50 the picture has too little structure for the hash to mean much. With a quality of 0 the bits
    would come from rounding errors, so all are 0, as for no other picture.
    """
    if min(luma.shape) < _SMALLEST:
        return NO_STRUCTURE, 0
    grid = _grid(luma)
    quality = _quality(grid)
    return (_hex(_coefficients(grid)) if quality else NO_STRUCTURE), quality


def _grid(luma: NDArray[np.uint8]) -> Matrix:
    """64x64 samples of the smoothed picture."""
    height, width = luma.shape
    rows, weights = _rows(height)
    # A sample is made of a few lines, so most of the product of the matrices would be zeros: a quarter of its time.
    lines = np.matmul(weights[:, None], luma[rows].astype(np.float32))[:, 0]
    grid: Matrix = lines @ _sampling(width).T
    return grid


@byte_cache(8 * 1024**2, lambda size: 12 * (4 * _GRID + 2 * size))
def _rows(size: int) -> tuple[NDArray[np.intp], Matrix]:
    """The lines of which each of the 64 samples is made, and their weights: what is not zero in `_sampling`."""
    sampling = _sampling(size)
    first = (sampling != 0).argmax(axis=1)
    last = size - 1 - (sampling[:, ::-1] != 0).argmax(axis=1)
    count = int((last - first).max()) + 1
    rows = np.minimum(first, size - count)[:, None] + np.arange(count)
    return rows, np.take_along_axis(sampling, rows, axis=1)


@byte_cache(32 * 1024**2, lambda size: 4 * _GRID * size)
def _sampling(size: int) -> Matrix:
    """64 x size: two box filters, a 128th of the side wide (together nearly a tent), then a sample at every 64th."""
    window = -(-size // (2 * _GRID))
    # An even window reaches one further to the right. Windows are cut off at the borders.
    right = (window + 2) // 2 - 1
    left = window - right - 1
    position = np.arange(size)
    share = 1 / (np.minimum(position + right, size - 1) - np.maximum(position - left, 0) + 1)
    row = np.arange(_GRID)
    taken = ((row + 0.5) * size / _GRID).astype(int)
    sampling = np.zeros((_GRID, size), np.float32)
    for outer in range(-left, right + 1):
        middle = taken + outer
        rows = row[(middle >= 0) & (middle < size)]
        middle = middle[rows]
        for inner in range(-left, right + 1):
            column = middle + inner
            inside = (column >= 0) & (column < size)
            sampling[rows[inside], column[inside]] += (share[taken[rows]] * share[middle])[inside]
    return sampling


@lru_cache(maxsize=1)
def _cosines() -> Matrix:
    """16 x 64: the discrete cosine transform (type II) without its constant term."""
    frequency = np.arange(1, _COEFFICIENTS + 1)[:, None]
    position = np.arange(_GRID)[None, :]
    cosines = np.cos(np.pi / (2 * _GRID) * frequency * (2 * position + 1))
    return np.asarray(cosines * (2 / _GRID) ** 0.5, np.float32)


def _coefficients(grid: Matrix) -> Matrix:
    coefficients = _cosines() @ grid @ _cosines().T
    return np.asarray(coefficients, np.float32)


def _hex(coefficients: Matrix) -> str:
    """One bit for each coefficient, set above the median. The last coefficient is the highest bit."""
    values = coefficients.ravel()
    median = np.partition(values, values.size // 2 - 1)[values.size // 2 - 1]
    return np.packbits((values > median)[::-1]).tobytes().hex()


def _quality(grid: Matrix) -> int:
    total = sum(int(np.abs(_hundredths(np.diff(grid, axis=axis))).sum()) for axis in (0, 1))
    return min(100, total // _GRADIENT_UNIT)


def _hundredths(gradient: Any) -> NDArray[np.int32]:
    hundredths: NDArray[np.int32] = (gradient * 100 / 255).astype(np.int32)
    return hundredths
