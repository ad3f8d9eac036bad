"""ThumbHash: a blurred picture in about 25 bytes, with its shape and transparency.

Source: E. Wallace, "ThumbHash: a very compact representation of an image placeholder", 2023 (evanw.github.io/thumbhash,
decoders for browsers there).
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Channel = NDArray[np.float64]

# Longest side, in pixels, of a picture that can be hashed.
SIDE = 100


def thumb_hash(rgba: NDArray[np.uint8]) -> bytes:
    """The hash of a picture: height x width x 4, at most 100 pixels a side."""
    height, width = rgba.shape[:2]
    red, green, blue, alpha = np.moveaxis(rgba.astype(np.float64) / 255, 2, 0)
    weight = alpha.sum()
    # Transparent parts get the mean colour, so that they make no edges.
    red, green, blue = (
        channel * alpha + (1 - alpha) * ((channel * alpha).sum() / weight if weight else 0)
        for channel in (red, green, blue)
    )
    has_alpha = bool(weight < width * height)
    limit, longest = (5 if has_alpha else 7), max(width, height)
    across, down = (max(1, _round(limit * side / longest)) for side in (width, height))
    l_mean, l_waves, l_scale = _waves((red + green + blue) / 3, max(3, across), max(3, down))
    p_mean, p_waves, p_scale = _waves((red + green) / 2 - blue, 3, 3)
    q_mean, q_waves, q_scale = _waves(red - green, 3, 3)
    landscape = width > height
    header: bytes = (
        _round(63 * l_mean)
        | _round(31.5 + 31.5 * p_mean) << 6
        | _round(31.5 + 31.5 * q_mean) << 12
        | _round(31 * l_scale) << 18
        | has_alpha << 23
        | (down if landscape else across) << 24
        | _round(63 * p_scale) << 27
        | _round(63 * q_scale) << 33
        | landscape << 39
    ).to_bytes(5, "little")
    waves = l_waves + p_waves + q_waves
    if has_alpha:
        a_mean, a_waves, a_scale = _waves(alpha, 5, 5)
        header += bytes([_round(15 * a_mean) | _round(15 * a_scale) << 4])
        waves += a_waves
    halves = [_round(15 * wave) for wave in waves] + [0] * (len(waves) % 2)
    return header + bytes(low | high << 4 for low, high in zip(halves[::2], halves[1::2], strict=True))


def _waves(channel: Channel, across: int, down: int) -> tuple[float, list[float], float]:
    """The mean; the low cosine coefficients in the triangle below the diagonal (0 to 1; 0.5 is zero); their scale."""
    height, width = channel.shape
    table = _cosines(down, height) @ channel @ _cosines(across, width).T / (width * height)
    values = [
        float(table[y, x]) for y in range(down) for x in range(across) if (x or y) and x * down < across * (down - y)
    ]
    scale = max(abs(value) for value in values)
    return float(table[0, 0]), [0.5 + 0.5 * value / scale if scale else 0.0 for value in values], scale


# Of a few sizes: a side of the picture is as long as can be.
@lru_cache(maxsize=64)
def _cosines(count: int, size: int) -> Any:
    return np.cos(np.pi / size * np.arange(count)[:, None] * (np.arange(size)[None, :] + 0.5))


def _round(value: float) -> int:
    """Rounds halves up, as JavaScript does: the format was made for it."""
    return math.floor(value + 0.5)
