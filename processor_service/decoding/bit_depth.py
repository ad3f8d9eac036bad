"""Numbers of more than 8 bits to 8 bits, where the file does not say what means white."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Numbers scaled at a time: what is between has floating point, four times the memory.
_AT_A_TIME = 4_000_000
# White of 8, 10 and 12 bits in 16.
_UNUSED_BITS = (255, 1023, 4095)
# How 8 bits are widened to 16: to the full range, or by a shift.
_WIDENED = (257, 256)


def white_of(parts: Sequence[NDArray[Any]], described: bool) -> int:
    """What means white in a file of 16 bits: cameras and microscopes leave the upper bits unused and do not say so.

    A picture with no pixel above a sixteenth of the full range would be black otherwise, one with none above a quarter
    dark. The latter may be meant to be dark, though: it is not when `described`, as by a profile of its colours, which
    what comes from a sensor does not have. Numbers of 8 bits that were widened to 16 have the full range.
    """
    highest = max(int(part.max()) for part in parts)
    whites = _UNUSED_BITS if described else (*_UNUSED_BITS, 16383)
    white = next((white for white in whites if highest <= white), 65535)
    return 65535 if 255 < white < 65535 and any(_are_multiples(parts, of) for of in _WIDENED) else white


def _are_multiples(parts: Sequence[NDArray[Any]], of: int) -> bool:
    return all(not (row % of).any() for part in parts for row in part)


def range_of(values: NDArray[Any], white: int | None = None) -> tuple[float, float]:
    """What means black and white among integers of 32 bits and floats.

    Such files carry no range. It is taken from the kind of number and from the values: 0..1 for fractions, 0..255 and
    0..65535 where the values fill them, else from the lowest to the highest value.
    """
    finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values
    lowest, highest = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    if lowest >= 0:
        fraction = values.dtype.kind == "f" and highest <= 1
        tops = [1.0] if fraction else [float(white)] if white else [255.0, 65535.0]
        if values.dtype.kind == "u":
            tops.append(4294967295.0)
        # A top that the brightest value does not come near is not the file's.
        fitting = [top for top in tops if top / 16 < highest <= top or (highest <= top and (white or fraction))]
        if fitting:
            return 0.0, fitting[0]
    return lowest, highest


def scaled(values: NDArray[Any], low: float, high: float) -> NDArray[np.uint8]:
    """Numbers from `low` to `high` as 0 to 255; what is not a number is black."""
    if high <= low:
        return np.zeros(values.shape, np.uint8)
    result = np.empty(values.shape, np.uint8)
    rows = max(1, _AT_A_TIME // max(1, values[:1].size))
    kind: Any = np.float64 if values.dtype.itemsize > 4 else np.float32
    for start in range(0, len(values), rows):
        part = values[start : start + rows].astype(kind)
        part = (part - kind(low)) * kind(255 / (high - low)) + kind(0.5)
        result[start : start + rows] = np.nan_to_num(part, nan=0, posinf=255, neginf=0).clip(0, 255)
    return result
