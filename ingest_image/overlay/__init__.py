"""Lays one picture over another, to see whether they are copies of each other, and which part they share.

Pixels decide: `features` (OpenCV) or `correlation` (NumPy) find how one might lie over the other, `agreement` says
whether it does.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from . import features
from .agreement import agreement
from .correlation import Correlator
from .features import Affine
from .layer import Layer, layer_of, layer_of_bytes
from .overlap import WHOLE, Overlap, overlap_of
from .refinement import refined

__all__ = ["Layer", "Overlap", "laid_over", "layer_of", "layer_of_bytes", "quick"]

# All measured: docs/search-quality.md. Each of squares and all pixels together must agree at least so far, and both
# together so far: a text over a part leaves the second number high, a black edge around a dark picture the first.
_LEAST, _ENOUGH = 0.5, 1.55
# From this sum on a map may be right, only not exact.
_PROMISING = 0.9
# Shares of both areas. Less is enough if this many points agree: few may agree by chance, and so may a small area.
_LARGE_AREA, _LEAST_AREA, _LEAST_POINTS = 0.2, 0.1, 10
# If both show more than what they share, it may be a letter or a sign that is in both: many points have to agree.
_POINTS_IN_PART = 20
# Less than `_LEAST`, as marks and a place that is a little off weigh more in a tiny picture.
_LEAST_TINY = 0.4
# How much a picture may be squeezed, and enlarged.
_SQUEEZED, _ENLARGED = 1.7, 5.0


def quick() -> bool:
    """Whether a pair takes milliseconds, not tens of them: with OpenCV."""
    return features.available()


def laid_over(sample: Layer, other: Layer) -> Overlap | None:
    """What the sample shares with the other picture if one is a copy of the other; None if it is not."""
    for affine, points in _maps(sample, other):
        if not _is_possible(affine):
            continue
        overlap = overlap_of(affine, sample.size, other.size)
        if min(overlap.of_sample, overlap.of_hit) < (_LEAST_AREA if points >= _LEAST_POINTS else _LARGE_AREA):
            continue
        if max(overlap.of_sample, overlap.of_hit) < WHOLE and points < _POINTS_IN_PART:
            continue
        found = agreement(sample, other, affine)
        if found.sum >= _PROMISING:
            exact = refined(sample.gray, other.gray, affine)
            better = agreement(sample, other, exact)
            if better.sum > found.sum and _is_possible(exact):
                affine, found = exact, better
        if min(found.squares, found.whole) >= _LEAST and found.sum >= _ENOUGH:
            return overlap_of(affine, sample.size, other.size)
    return None


def _maps(sample: Layer, other: Layer) -> Iterator[tuple[Affine, int]]:
    """How the sample may lie over the other picture, and by how many points; the likeliest first."""
    if (two := other.features) and (one := sample.features):
        if found := features.fitted(one, two):
            yield found
        # Few copies are mirrored, and fewer are cropped as well: the strongest points tell.
        mirrored = sample.mirrored_features
        if mirrored and features.may_fit(mirrored, two) and (found := features.fitted(mirrored, two)):
            yield found
    # Edge to edge, also mirrored. What does not correlate at 32 x 32 pixels does not at all of them.
    (width, height), (other_width, other_height) = sample.size, other.size
    across, down = other_width / width, other_height / height
    if _correlate(sample.tiny, other.tiny):
        yield np.array(((across, 0, 0), (0, down, 0)), float), 0
    if _correlate(sample.tiny[:, ::-1], other.tiny):
        yield np.array(((-across, 0, other_width), (0, down, 0)), float), 0
    if not features.available():
        yield from ((affine, 0) for affine in _correlator(sample).fits(other.gray))


def _correlate(one: NDArray[np.float32], other: NDArray[np.float32]) -> bool:
    return float((one * other).sum()) >= _LEAST_TINY


@lru_cache(maxsize=4)
def _correlator(layer: Layer) -> Correlator:
    # Not kept with the picture: each has 13 MB.
    return Correlator(layer.gray)


def _is_possible(affine: Affine) -> bool:
    """Whether it neither crushes nor blows up a picture, as maps of wrong pairs do."""
    long, short = np.linalg.svd(affine[:, :2], compute_uv=False)
    return bool(short > 0 and long / short <= _SQUEEZED and 1 / _ENLARGED <= long <= _ENLARGED)
