"""Checks whether an embedded ICC profile is worth keeping."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from PIL import Image, ImageChops

from ..byte_cache import byte_cache
from .profiles import MOST_BYTES, to_srgb

# A profile that moves colours no further than this (of 255) counts as sRGB: LittleCMS rounds that much.
_INVISIBLE = 2


def carried_profile(icc_profile: bytes | None, mode: str) -> bytes | None:
    """The profile when it changes how pixels of that mode (L, LA, RGB, RGBA) look.

    None when it is missing, broken, of another colour space, or sRGB under any name. Its effect is measured on sample
    colours, since names of profiles prove nothing.
    """
    if not icc_profile or len(icc_profile) > MOST_BYTES:
        return None
    return icc_profile if _matters(icc_profile, mode.removesuffix("A")) else None


@byte_cache(8 * 1024**2, lambda icc_profile, mode: len(icc_profile))
def _matters(icc_profile: bytes, mode: str) -> bool:
    samples = _samples().convert(mode)
    change = ImageChops.difference(samples.convert("RGB"), to_srgb(samples, icc_profile).convert("RGB"))
    return int(np.asarray(change).max()) > _INVISIBLE


@lru_cache(maxsize=1)
def _samples() -> Image.Image:
    """Every combination of six levels of red, green and blue, and sixteen greys."""
    levels = range(0, 256, 51)
    colors = [(red, green, blue) for red in levels for green in levels for blue in levels]
    colors += [(grey, grey, grey) for grey in range(0, 256, 17)]
    return Image.frombytes("RGB", (len(colors), 1), bytes(value for color in colors for value in color))
