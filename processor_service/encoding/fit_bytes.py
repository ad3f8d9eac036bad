"""Finds the best quality at which a picture has at most `max_bytes`, in few encodings: each may take a second."""

from __future__ import annotations

import math
from collections.abc import Callable

from ..errors import Code, ImageError

# How much the logarithm of the size grows with each step of quality (of 100), as long as only one size is known.
_SLOPE = 0.03
# After this many guesses the middle is taken, so that an odd curve costs no more than bisection.
_GUESSES = 3


def fitting(encode: Callable[[int], bytes], lowest: int, highest: int, max_bytes: int, *, enough: float = 1.0) -> bytes:
    """The bytes at the highest quality, from `lowest` to `highest`, at which they are at most `max_bytes`.

    Qualities are guessed from the sizes so far: bytes grow about exponentially with quality. `enough`: the share of
    `max_bytes` at which the search stops; with 1 it stops when the next higher quality is known not to fit. Raises
    ImageError `cannot_fit`.
    """
    data = encode(highest)
    if len(data) <= max_bytes:
        return data
    best: bytes | None = None
    # The lowest quality known not to fit, and the highest that fits or must not be tried.
    above, below = highest, lowest - 1
    known = [(highest, len(data))]
    target = max_bytes * (1 + enough) / 2
    while above - below > 1 and not (best and len(best) >= max_bytes * enough):
        guessed = _guess(known, target) if len(known) <= _GUESSES else (above + below) // 2
        quality = min(above - 1, max(below + 1, guessed))
        data = encode(quality)
        known.append((quality, len(data)))
        if len(data) <= max_bytes:
            below, best = quality, data
        else:
            above = quality
    if best is None:
        raise ImageError(
            Code.CANNOT_FIT,
            f"the picture has {known[-1][1]} bytes at the lowest quality allowed, max_bytes is {max_bytes}; "
            "a smaller resize, another format or a lower min_quality may help",
        )
    return best


def _guess(known: list[tuple[int, int]], target: float) -> int:
    """The quality at which the size would be `target`, from a line through the logarithms of the last two sizes."""
    (quality, size), slope = known[-1], _SLOPE
    if len(known) > 1:
        (other, other_size) = known[-2]
        slope = max(_SLOPE / 4, math.log(size / other_size) / (quality - other))
    return math.floor(quality + math.log(target / size) / slope)
