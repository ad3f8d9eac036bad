"""Finds how one picture lies over another without OpenCV, by trying: in fewer ways than points can tell.

Scales from 1/1.6 to 1.6, upright or tilted by about 5 degrees, and mirrored. For each, directions of edges are
correlated at all places at once by FFT (A. Fitch et al., "Orientation Correlation", BMVC 2002), as light and contrast
change little in them. The best are refined.
"""

from __future__ import annotations

import math
from itertools import product

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .features import Affine
from .refinement import Gray, refined, rescaled, shrunk

_SIDE = 48
# Holds a picture and the largest copy of the other one beside each other.
_CANVAS = 128
_STEP, _STEPS = 1.06, 8
_ANGLES = (0.0, -5.0, 5.0)
_BEST = 3
# An edge weaker than this (0 to 255 over two pixels) is rather noise.
_NOISE = 4.0


class Correlator:
    """A picture in all ways that are tried, as transforms; made once, laid over many."""

    def __init__(self, gray: Gray) -> None:
        self._gray = gray
        small = shrunk(gray, _SIDE)
        scales = (_STEP**step for step in range(-_STEPS, _STEPS + 1))
        self._ways = [_way(small.size, *way) for way in product(scales, _ANGLES, (False, True))]
        fields = np.stack([_directions(_transformed(small, way)) for way in self._ways])
        self._strengths = np.square(np.abs(fields)).sum((1, 2))
        self._transforms = np.conj(np.fft.fft2(fields))

    def fits(self, other: Gray) -> list[Affine]:
        """The most promising maps from pixels of this picture to pixels of the other, the best first."""
        small = shrunk(other, _SIDE)
        canvas = Image.new("L", (_CANVAS, _CANVAS))
        canvas.paste(small)
        field = _directions(canvas, small.size)
        found = np.fft.ifft2(np.fft.fft2(field) * self._transforms).real
        peaks = found.reshape(len(self._ways), -1)
        places = peaks.argmax(1)
        strengths = np.minimum(self._strengths, np.square(np.abs(field)).sum()) + 1
        order = np.argsort(-peaks.max(1) / strengths)[:_BEST]
        return [refined(self._gray, other, self._affine(int(way), int(places[way]), other)) for way in order]

    def _affine(self, way: int, place: int, other: Gray) -> Affine:
        """From pixels of this picture to those of the other, for a way and the place of its peak."""
        y, x = divmod(place, _CANVAS)
        # Beyond the middle, a shift is negative.
        shift = [value - _CANVAS if value >= _CANVAS // 2 else value for value in (x, y)]
        found = self._ways[way].copy()
        found[:, 2] += shift
        return rescaled(found, _SIDE / max(self._gray.shape), max(other.shape) / _SIDE)


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
