"""Any Pillow mode to one of the four that operations work on: L, LA, RGB, RGBA."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops

from .color_profile import to_srgb
from .profile_check import carried_profile
from .samples import Samples

WORKING_MODES = ("L", "LA", "RGB", "RGBA")
# What one step of the file's grey values is in the 8 bits to which Pillow widens them.
_GREY_STEPS = {"L;2": 85, "L;4": 17}


def to_working_mode(image: Image.Image, samples: Samples) -> tuple[Image.Image, bytes | None]:
    """Pixels in a working mode, and the colour profile that they are in (None for sRGB).

    Nothing is clipped: more than 8 bits are scaled down, palettes and premultiplied alpha are resolved, ink (CMYK) and
    Lab become sRGB through the profile if there is one.
    """
    icc_profile = image.info.get("icc_profile")
    icc_profile = icc_profile if isinstance(icc_profile, bytes) else None
    if image.mode in ("CMYK", "LAB"):
        return to_srgb(image, icc_profile or b""), None
    pixels = _convert(image, samples)
    return pixels, carried_profile(icc_profile, pixels.mode)


def _convert(image: Image.Image, samples: Samples) -> Image.Image:
    mode = image.mode
    transparent = image.info.get("transparency")
    if mode.startswith("I;16") or mode in ("I", "F"):
        return _deep_grey(image, samples, transparent)
    if samples.rawmode == "LA;16B" and mode == "RGBA":
        # Pillow widens 16-bit grey with alpha to RGBA; it is grey, and its profile too.
        return Image.merge("LA", (image.getchannel("R"), image.getchannel("A")))
    if mode in ("1", "L", "RGB") and transparent is not None:
        return _key_to_alpha(image, transparent, samples.rawmode)
    if mode == "1" and samples.white_is_zero:
        return ImageChops.invert(image.convert("L"))
    if mode in WORKING_MODES:
        # Without the file behind it, in which Pillow's encoder of AVIF would look for further frames.
        return image._new(image.im)
    if mode in ("P", "PA"):
        return image.convert("RGBA" if mode == "PA" or image.has_transparency_data else "RGB")
    if mode in ("1", "La", "RGBa"):
        return image.convert({"1": "L", "La": "LA", "RGBa": "RGBA"}[mode])
    # RGBX, YCbCr, HSV: Pillow knows the way.
    return image.convert("RGB")


def _key_to_alpha(image: Image.Image, key: Any, rawmode: str) -> Image.Image:
    """Make the colour that the file calls transparent (in the file's own depth) transparent."""
    if isinstance(key, int):
        image.info["transparency"] = min(255, key * _GREY_STEPS.get(rawmode, 1))
    elif rawmode == "RGB;16B" and isinstance(key, tuple):
        image.info["transparency"] = tuple(value >> 8 for value in key)
    return image.convert("RGBA" if image.mode == "RGB" else "LA")


def _deep_grey(image: Image.Image, samples: Samples, transparent: Any) -> Image.Image:
    """Grey of 16 or 32 bits or of floating point as L, or LA when one value is transparent."""
    values = np.asarray(image)
    if image.mode.startswith("I;16"):
        white = samples.white or _white(values)
        table = np.minimum(np.arange(65536, dtype=np.uint32), white) * 510 + white
        levels = (table // (2 * white)).astype(np.uint8)
        pixels = 255 - levels if samples.white_is_zero else levels
        grey = Image.fromarray(pixels[values])
    else:
        grey = Image.fromarray(_scale(values, samples.white))
    if not isinstance(transparent, int):
        return grey
    alpha = Image.fromarray(np.where(values == transparent, 0, 255).astype(np.uint8))
    return Image.merge("LA", (grey, alpha))


def _white(values: NDArray[Any]) -> int:
    """What means white in a TIFF of 16 bits: cameras and microscopes leave the upper bits unused and do not say so.

    A picture with no pixel above a sixteenth of the full range would be black otherwise.
    """
    highest = int(values.max())
    return next((white for white in (255, 1023, 4095) if highest <= white), 65535)


def _scale(values: NDArray[Any], white: int | None) -> NDArray[np.uint8]:
    """Scale integers of 32 bits and floats to 8 bits.

    Such files carry no range. It is taken from the kind of number and from the values: 0..1 for fractions, 0..255 and
    0..65535 where the values fill them, else from the lowest to the highest value. What is not a number is black.
    """
    finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values
    lowest, highest = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    low, high = lowest, highest
    if lowest >= 0:
        fraction = values.dtype.kind == "f" and highest <= 1
        tops = [1.0] if fraction else [float(white)] if white else [255.0, 65535.0]
        # A top that the brightest value does not come near is not the file's.
        fitting = [top for top in tops if top / 16 < highest <= top or (highest <= top and (white or fraction))]
        low, high = (0.0, fitting[0]) if fitting else (lowest, highest)
    if high <= low:
        return np.zeros(values.shape, np.uint8)
    scaled = (values.astype(np.float32) - np.float32(low)) * np.float32(255 / (high - low)) + np.float32(0.5)
    bounded: NDArray[np.uint8] = np.nan_to_num(scaled, nan=0, posinf=255, neginf=0).clip(0, 255).astype(np.uint8)
    return bounded
