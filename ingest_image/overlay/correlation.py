"""Finds how one picture lies over another without OpenCV, by trying: in fewer ways than points can tell.

Scales from 1/1.6 to 1.6, upright or tilted by about 5 degrees, and mirrored. For each, directions of edges are
correlated at all places at once by FFT (A. Fitch et al., "Orientation Correlation", BMVC 2002), as light and contrast
change little in them. The best are refined by least squares on the pixels (B. Lucas, T. Kanade, "An Iterative Image
Registration Technique", IJCAI 1981).
"""

from __future__ import annotations

import math
from itertools import product

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .features import Affine

Gray = NDArray[np.uint8]
Transforms = NDArray[np.complex64]

_SIDE = 48
# Holds a picture and the largest copy of the other one beside each other.
_CANVAS = 128
_STEP, _STEPS = 1.06, 8
_ANGLES = (0.0, -5.0, 5.0)
_BEST = 3
# Shrunk to these longest sides one after the other while refining, with so many steps each.
_REFINED_AT, _REFINING = (64, 128), 4
# An edge weaker than this (0 to 255 over two pixels) is rather noise.
_NOISE = 4.0


class Correlator:
    """A picture in all ways that are tried, as transforms; made once, laid over many."""

    def __init__(self, gray: Gray) -> None:
        self._gray = gray
        small = _shrunk(gray, _SIDE)
        scales = (_STEP**step for step in range(-_STEPS, _STEPS + 1))
        self._ways = [_way(small.size, *way) for way in product(scales, _ANGLES, (False, True))]
        fields = np.stack([_directions(_transformed(small, way)) for way in self._ways])
        self._strengths = np.square(np.abs(fields)).sum((1, 2))
        self._transforms = np.conj(np.fft.fft2(fields))

    def fits(self, other: Gray) -> list[Affine]:
        """The most promising maps from pixels of this picture to pixels of the other, the best first."""
        small = _shrunk(other, _SIDE)
        canvas = Image.new("L", (_CANVAS, _CANVAS))
        canvas.paste(small)
        field = _directions(canvas, small.size)
        found = np.fft.ifft2(np.fft.fft2(field) * self._transforms).real
        peaks = found.reshape(len(self._ways), -1)
        places = peaks.argmax(1)
        strengths = np.minimum(self._strengths, np.square(np.abs(field)).sum()) + 1
        order = np.argsort(-peaks.max(1) / strengths)[:_BEST]
        return [self._refined(other, self._affine(int(way), int(places[way]), other)) for way in order]

    def _affine(self, way: int, place: int, other: Gray) -> Affine:
        """From pixels of this picture to those of the other, for a way and the place of its peak."""
        y, x = divmod(place, _CANVAS)
        # Beyond the middle, a shift is negative.
        shift = [value - _CANVAS if value >= _CANVAS // 2 else value for value in (x, y)]
        found = self._ways[way].copy()
        found[:, 2] += shift
        return _rescaled(found, _SIDE / max(self._gray.shape), max(other.shape) / _SIDE)

    def _refined(self, other: Gray, affine: Affine) -> Affine:
        for side in _REFINED_AT:
            one, two = _shrunk(self._gray, side), _shrunk(other, side)
            of_one, of_other = side / max(self._gray.shape), side / max(other.shape)
            small = _rescaled(affine, 1 / of_one, of_other)
            for _ in range(_REFINING):
                small = _step(one, two, small)
            affine = _rescaled(small, of_one, 1 / of_other)
        return affine


def _way(size: tuple[int, int], scale: float, angle: float, mirrored: bool) -> Affine:
    """The map of a small picture onto the canvas: scaled, turned and mirrored about its middle, which stays."""
    cosine, sine = scale * math.cos(math.radians(angle)), scale * math.sin(math.radians(angle))
    linear = np.array(((cosine, -sine), (sine, cosine))) * ((-1, 1) if mirrored else (1, 1))
    return np.column_stack((linear, np.array((_CANVAS, _CANVAS)) / 2 - linear @ (np.array(size) / 2)))


def _transformed(image: Image.Image, affine: Affine) -> Image.Image:
    # Pillow wants to know where a pixel of the result comes from.
    back = np.linalg.inv(np.vstack((affine, (0, 0, 1))))[:2]
    size, coefficients = (_CANVAS, _CANVAS), tuple(back.ravel())
    return image.convert("LA").transform(size, Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR)


def _directions(image: Image.Image, size: tuple[int, int] | None = None) -> NDArray[np.complex64]:
    """The direction of the edge at each pixel as a complex number of length up to 1; 0 outside of the picture."""
    bands = image.split()
    pixels = np.asarray(bands[0], np.float32)
    inside = np.zeros(pixels.shape, bool)
    if size:
        inside[1 : size[1] - 1, 1 : size[0] - 1] = True
    else:
        covered = np.asarray(bands[-1]) == 255
        inside[1:-1, 1:-1] = covered[1:-1, 2:] & covered[1:-1, :-2] & covered[2:, 1:-1] & covered[:-2, 1:-1]
    down, right = np.gradient(pixels)
    edges = (right + 1j * down).astype(np.complex64)
    return np.where(inside, edges / (np.abs(edges) + _NOISE / 2), 0).astype(np.complex64)


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


def _shrunk(gray: Gray, side: int) -> Image.Image:
    """The picture with this longest side."""
    image = Image.fromarray(gray)
    width, height = (max(1, round(length * side / max(image.size))) for length in image.size)
    return image.resize((width, height), Image.Resampling.BOX)


def _rescaled(affine: Affine, before: float, after: float) -> Affine:
    """The map between pictures that are scaled: the first by 1 / `before`, the second by `after`."""
    scaled: Affine = affine * after
    scaled[:, :2] *= before
    return scaled
