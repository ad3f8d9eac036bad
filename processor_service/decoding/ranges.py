"""Numbers of more than 8 bits to 8 bits, where the file does not say what means white."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

# Numbers scaled at a time: what is between has floating point, four times the memory.
_AT_A_TIME = 4_000_000


def white_of(highest: int) -> int:
    """What means white in a file of 16 bits: cameras and microscopes leave the upper bits unused and do not say so.

    A picture with no pixel above a sixteenth of the full range would be black otherwise.
    """
    return next((white for white in (255, 1023, 4095) if highest <= white), 65535)


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
