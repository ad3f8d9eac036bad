"""Converts any Pillow mode to one of the four that operations work on: L, LA, RGB, RGBA."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image, ImageChops

from ..color.profile_check import carried_profile
from ..color.profiles import to_srgb
from .bit_depth import range_of, scaled
from .sample_layout import SampleLayout

WORKING_MODES = ("L", "LA", "RGB", "RGBA")
# The largest grey value of the file, and the size of one step after Pillow has widened it to 8 bits.
_GREY_STEPS = {"1": (1, 255), "L;1": (1, 255), "L;2": (3, 85), "L;4": (15, 17)}


def to_working_mode(image: Image.Image, layout: SampleLayout) -> tuple[Image.Image, bytes | None]:
    """Pixels in a working mode, and the colour profile that they are in (None for sRGB).

    Nothing is clipped. More than 8 bits are scaled down; palettes and premultiplied alpha are resolved; ink (CMYK) and
    Lab become sRGB, through the profile if there is one.
    """
    icc_profile = image.info.get("icc_profile")
    icc_profile = icc_profile if isinstance(icc_profile, bytes) else None
    if image.mode in ("CMYK", "LAB"):
        return to_srgb(image, icc_profile or b""), None
    pixels = _convert(image, layout)
    return pixels, carried_profile(icc_profile, pixels.mode)


def _convert(image: Image.Image, layout: SampleLayout) -> Image.Image:
    mode = image.mode
    transparent = image.info.get("transparency")
    if mode.startswith("I;16") or mode in ("I", "F"):
        return _deep_grey(image, layout, transparent)
    if layout.rawmode == "LA;16B" and mode == "RGBA":
        # Pillow widens 16-bit grey with alpha to RGBA. It is grey, and so is its profile.
        return Image.merge("LA", (image.getchannel("R"), image.getchannel("A")))
    if mode in ("1", "L", "RGB") and transparent is not None:
        return _key_to_alpha(image, transparent, layout)
    if mode == "1" and layout.white_is_zero:
        return ImageChops.invert(image.convert("L"))
    if mode in WORKING_MODES:
        # A copy without its file: Pillow's AVIF encoder would look for further frames there.
        return image._new(image.im)
    if mode in ("P", "PA"):
        return image.convert("RGBA" if mode == "PA" or image.has_transparency_data else "RGB")
    if mode in ("1", "La", "RGBa"):
        return image.convert({"1": "L", "La": "LA", "RGBa": "RGBA"}[mode])
    # RGBX, YCbCr, HSV: Pillow knows the way.
    return image.convert("RGB")


def _key_to_alpha(image: Image.Image, key: Any, layout: SampleLayout) -> Image.Image:
    """Make the colour transparent that the file calls transparent, in the file's own depth.

    A key always has 16 bits. In a picture with fewer bits only the lower ones count (W3C PNG, 11.3.1.1).
    """
    if isinstance(key, tuple) and layout.low is not None:
        return _without_color(image, layout.low, key)
    if isinstance(key, int):
        bits, step = _GREY_STEPS.get(layout.rawmode, (255, 1))
        image.info["transparency"] = (key & bits) * step
    elif isinstance(key, tuple):
        image.info["transparency"] = tuple(value & 255 for value in key)
    return image.convert("RGBA" if image.mode == "RGB" else "LA")


def _without_color(high: Image.Image, low: Image.Image, key: tuple[int, ...]) -> Image.Image:
    """The image with those pixels transparent in which both bytes of all three colours equal the key."""
    equal = np.ones((high.height, high.width), bool)
    for part, shift in ((high, 8), (low, 0)):
        equal &= (np.asarray(part) == np.array([value >> shift & 255 for value in key], np.uint8)).all(axis=2)
    result = high.convert("RGB")
    result.putalpha(Image.fromarray(np.where(equal, 0, 255).astype(np.uint8)))
    return result


def _deep_grey(image: Image.Image, layout: SampleLayout, transparent: Any) -> Image.Image:
    """Grey of 16 or 32 bits or floating point as L, or LA when one value is transparent."""
    values = np.asarray(image)
    if image.mode.startswith("I;16"):
        white = layout.white or 65535
        table = np.minimum(np.arange(65536, dtype=np.uint32), white) * 510 + white
        levels = (table // (2 * white)).astype(np.uint8)
        pixels = 255 - levels if layout.white_is_zero else levels
        grey = Image.fromarray(pixels[values])
    else:
        grey = Image.fromarray(scaled(values, *range_of(values, layout.white)))
    if not isinstance(transparent, int):
        return grey
    alpha = Image.fromarray(np.where(values == transparent, 0, 255).astype(np.uint8))
    return Image.merge("LA", (grey, alpha))
