"""OKLab, a colour space in which equal distances look equally different.

Source: B. Ottosson, "A perceptual color space for image processing", 2020. L is 0 to 1, a and b about -0.4 to 0.4; a
distance of 0.02 can just be seen.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Colors = NDArray[np.float64]

_RGB_TO_LMS = np.array(
    (
        (0.4122214708, 0.5363325363, 0.0514459929),
        (0.2119034982, 0.6806995451, 0.1073969566),
        (0.0883024619, 0.2817188376, 0.6299787005),
    )
)
_LMS_TO_LAB = np.array(
    (
        (0.2104542553, 0.7936177850, -0.0040720468),
        (1.9779984951, -2.4285922050, 0.4505937099),
        (0.0259040371, 0.7827717662, -0.8086757660),
    )
)
_LMS_TO_RGB = np.linalg.inv(_RGB_TO_LMS)
_LAB_TO_LMS = np.linalg.inv(_LMS_TO_LAB)


def to_oklab(rgb: NDArray[np.uint8]) -> Colors:
    """sRGB (0 to 255, last axis of 3) to OKLab."""
    lab: Colors = np.cbrt(_linear()[rgb] @ _RGB_TO_LMS.T) @ _LMS_TO_LAB.T
    return lab


def to_rgb(lab: Colors) -> NDArray[np.uint8]:
    """OKLab to the nearest sRGB value (0 to 255), clipped when sRGB does not have the colour."""
    linear = np.clip((lab @ _LAB_TO_LMS.T) ** 3 @ _LMS_TO_RGB.T, 0, 1)
    encoded: Any = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    rgb: NDArray[np.uint8] = np.rint(encoded * 255).astype(np.uint8)
    return rgb


def oklab(red: int, green: int, blue: int) -> tuple[float, float, float]:
    """One sRGB colour (0 to 255) to OKLab."""
    lightness, a, b = to_oklab(np.array((red, green, blue), np.uint8))
    return float(lightness), float(a), float(b)


@lru_cache(maxsize=1)
def _linear() -> NDArray[np.float64]:
    """The 256 sRGB values as linear light: IEC 61966-2-1, inverse of the transfer function."""
    value = np.arange(256) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
