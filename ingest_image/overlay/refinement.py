"""Makes the map of one picture onto another more exact, by their pixels.

Least squares (B. Lucas, T. Kanade, "An Iterative Image Registration Technique", IJCAI 1981). Right maps become exact to
a fraction of a pixel, wrong ones stay wrong.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .features import Affine

Gray = NDArray[np.uint8]

# Shrunk to these longest sides one after the other, with this many steps each.
_SIDES, _STEPS = (64, 128), 4


def refined(one: Gray, other: Gray, affine: Affine) -> Affine:
    """A better map from pixels of one picture to those of the other."""
    for side in _SIDES:
        small_one, small_other = shrunk(one, side), shrunk(other, side)
        of_one, of_other = side / max(one.shape), side / max(other.shape)
        small = rescaled(affine, 1 / of_one, of_other)
        for _ in range(_STEPS):
            small = _step(small_one, small_other, small)
        affine = rescaled(small, of_one, 1 / of_other)
    return affine


def _step(one: Image.Image, other: Image.Image, affine: Affine) -> Affine:
    """A better map: least squares over how the pixels would change with it, and over light and contrast."""
    size, coefficients = one.size, tuple(affine.ravel())
    laid = other.transform(size, Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR)
    mask = np.asarray(Image.new("L", other.size, 255).transform(size, Image.Transform.AFFINE, coefficients)) > 0
    if np.count_nonzero(mask) < 64:
        return affine
    pixels = np.asarray(laid, np.float64)
    down, right = np.gradient(pixels)
    y, x = np.mgrid[: size[1], : size[0]] + 0.5
    slopes = np.stack((right * x, right * y, right, down * x, down * y, down), -1)[mask]
    columns = np.column_stack((slopes, pixels[mask], np.ones(len(slopes))))
    wanted = np.asarray(one, np.float64)[mask]
    # A little is added to the diagonal, so that a picture without structure has a solution.
    square = columns.T @ columns
    square[np.diag_indices(8)] *= 1 + 1e-6
    square[np.diag_indices(8)] += 1e-6
    found = np.linalg.solve(square, columns.T @ wanted)
    contrast = found[6]
    if not np.isfinite(found).all() or contrast < 0.1:
        return affine
    change = np.vstack((found[:6].reshape(2, 3) / contrast, (0, 0, 0)))
    if np.abs(change[:, :2]).max() > 0.2:
        return affine
    better: Affine = affine @ (np.eye(3) + change)
    return better


def shrunk(gray: Gray, side: int) -> Image.Image:
    """The picture with this longest side."""
    image = Image.fromarray(gray)
    width, height = (max(1, round(length * side / max(image.size))) for length in image.size)
    return image.resize((width, height), Image.Resampling.BOX)


def rescaled(affine: Affine, before: float, after: float) -> Affine:
    """The map between pictures that are scaled: the first by 1 / `before`, the second by `after`."""
    scaled: Affine = affine * after
    scaled[:, :2] *= before
    return scaled
