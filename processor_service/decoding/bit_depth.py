"""Converts numbers of more than 8 bits to 8 bits when the file does not say which one means white."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Numbers scaled at a time: intermediate results are floating point, which takes four times the memory.
_AT_A_TIME = 4_000_000
# White of 8, 10 and 12 bits in numbers of 16 bits.
_UNUSED_BITS = (255, 1023, 4095)
# Factors by which 8 bits are widened to 16: to the full range, or by a shift.
_WIDENED = (257, 256)


def white_of(parts: Sequence[NDArray[Any]], described: bool) -> int:
    """The number for white in a file of 16 bits.

    Cameras and microscopes may leave the upper bits unused without saying so. With the full range, a picture with no
    pixel above a sixteenth of it would be black, and one with none above a quarter dark. The latter may really be dark:
    it stays so when it is `described`, as by a colour profile, which raw numbers of a sensor do not have. Numbers of 8
    bits that were widened to 16 have the full range.
    """
    highest = max(int(part.max()) for part in parts)
    whites = _UNUSED_BITS if described else (*_UNUSED_BITS, 16383)
    white = next((white for white in whites if highest <= white), 65535)
    return 65535 if 255 < white < 65535 and any(_are_multiples(parts, of) for of in _WIDENED) else white


def _are_multiples(parts: Sequence[NDArray[Any]], of: int) -> bool:
    return all(not (row % of).any() for part in parts for row in part)


def range_of(values: NDArray[Any], white: int | None = None) -> tuple[float, float]:
    """The numbers for black and white among integers of 32 bits and floats.

    Such files do not say their range. It follows from the type and the values: 0..1 for fractions; 0..255 or 0..65535
    if the values fill that; otherwise from the lowest to the highest value.
    """
    finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values
    lowest, highest = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    if lowest >= 0:
        fraction = values.dtype.kind == "f" and highest <= 1
        tops = [1.0] if fraction else [float(white)] if white else [255.0, 65535.0]
        if values.dtype.kind == "u":
            tops.append(4294967295.0)
        # If the brightest value is far below a top, that is not the file's top.
        fitting = [top for top in tops if top / 16 < highest <= top or (highest <= top and (white or fraction))]
        if fitting:
            return 0.0, fitting[0]
    return lowest, highest


def scaled(values: NDArray[Any], low: float, high: float) -> NDArray[np.uint8]:
    """Numbers from `low` to `high` as 0 to 255. NaN becomes black."""
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
