"""Checks by pixels how well two pictures agree when one is laid over the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from .features import Affine
from .layer import Layer

# Pixels are compared at half the size, where recompression and a place that is a little off matter less.
_HALF = 2
# Pixels of a square that is compared by itself.
_CELL = 8
# Standard deviation, 0 to 255, from which on a square has something to compare.
_STRUCTURE = 2.5
# Correlation from which on a square agrees.
_AGREES = 0.6
# With fewer squares there is nothing to decide by.
_FEWEST = 4

# Radius of the blur for each pixel that is as sharp as one, and how many those may be.
_BLUR, _BLURRED = 0.6, 8.0

Pixels = NDArray[np.float32]


@dataclass(frozen=True)
class Agreement:
    """How pictures agree where they overlap.

    `squares`: share of squares with structure that correlate; other light, and texts and marks laid over a part, change
    little in it. `whole`: correlation of all pixels. Both are 0 if there is not enough structure to tell.
    """

    squares: float = 0.0
    whole: float = 0.0

    @property
    def sum(self) -> float:
        """How well they agree altogether, at most 2."""
        return self.squares + self.whole


def agreement(one: Layer, other: Layer, affine: Affine) -> Agreement:
    """Lay `other` over `one`, where `affine` maps pixels of `one` to pixels of `other`."""
    first, second = (Image.fromarray(layer.gray).reduce(_HALF) for layer in (one, other))
    size = first.size
    place = affine * (1, 1, 1 / _HALF)
    coefficients = tuple(place.ravel().tolist())
    # Both equally sharp: an enlarged picture lacks what the other one has.
    scale = float(np.sqrt(abs(np.linalg.det(affine[:, :2]))))
    sharp = min(max(one.enlarged, other.enlarged / scale, 1 / scale), _BLURRED)
    first = first.filter(ImageFilter.GaussianBlur(_BLUR * sharp))
    second = second.filter(ImageFilter.GaussianBlur(_BLUR * sharp * scale))
    covered = Image.new("L", second.size, 255).transform(size, Image.Transform.AFFINE, coefficients)
    laid = second.transform(size, Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR)
    mask = np.asarray(covered) > 0
    a, b = np.asarray(first, np.float32), np.asarray(laid, np.float32)
    inside = _squares(mask.astype(np.float32)).mean(1) == 1
    if np.count_nonzero(inside) < _FEWEST:
        return Agreement()
    means, products = _moments(_squares(a)[inside], _squares(b)[inside])
    structured = np.maximum(means[0], means[1]) > _STRUCTURE**2
    if np.count_nonzero(structured) < _FEWEST:
        return Agreement()
    # A little is added, so that noise of flat squares does not count as structure.
    alike = products[structured] / np.sqrt(means[0][structured] * means[1][structured] + 1)
    (whole_a, whole_b), whole = _moments(a[mask][None], b[mask][None])
    both = float(np.sqrt(whole_a * whole_b + 1)[0])
    return Agreement(float((alike > _AGREES).mean()), float(whole[0]) / both)


def _moments(a: Pixels, b: Pixels) -> tuple[tuple[Pixels, Pixels], Pixels]:
    """Variances and covariance of each row."""
    a, b = a - a.mean(1, keepdims=True), b - b.mean(1, keepdims=True)
    return ((a * a).mean(1), (b * b).mean(1)), (a * b).mean(1)


def _squares(pixels: Pixels) -> Pixels:
    """The pixels of each whole square in a row."""
    rows, columns = (side // _CELL for side in pixels.shape)
    whole = pixels[: rows * _CELL, : columns * _CELL]
    return whole.reshape(rows, _CELL, columns, _CELL).swapaxes(1, 2).reshape(-1, _CELL * _CELL)
