"""Any Pillow mode to one of the four that operations work on: L, LA, RGB, RGBA."""

from __future__ import annotations

from PIL import Image

WORKING_MODES = ("L", "LA", "RGB", "RGBA")


def to_working_mode(image: Image.Image) -> Image.Image:
    """Convert without clipping: more than 8 bits are scaled down, palettes and premultiplied alpha resolved."""
    mode = image.mode
    if mode in WORKING_MODES:
        if "transparency" in image.info and mode in ("L", "RGB"):
            return _drop_transparency_info(image.convert("LA" if mode == "L" else "RGBA"))
        return image
    if mode == "1":
        return image.convert("L")
    if mode in ("P", "PA"):
        transparent = mode == "PA" or image.has_transparency_data
        return _drop_transparency_info(image.convert("RGBA" if transparent else "RGB"))
    if mode == "La":
        return image.convert("LA")
    if mode == "RGBa":
        return image.convert("RGBA")
    if mode == "RGBX":
        return image.convert("RGB")
    if mode.startswith("I;16") or mode in ("I", "F"):
        return _scale_to_8_bit(image)
    # CMYK, YCbCr, LAB, HSV: Pillow knows the way.
    return image.convert("RGB")


def _drop_transparency_info(image: Image.Image) -> Image.Image:
    image.info.pop("transparency", None)
    return image


def _scale_to_8_bit(image: Image.Image) -> Image.Image:
    """Scale 16-bit, 32-bit and float grey to 8 bits.

    16-bit values keep their full range (0..65535 to 0..255); floats within 0..1 and integers within 0..255 are taken
    as such; anything else is stretched between its own lowest and highest value, since such files carry no range.
    """
    if image.mode.startswith("I;16"):
        # Pillow's point() on I;16 is the only scaling it offers; by way of I it works for every byte order.
        image = image.convert("I")
        low, high = 0.0, 65535.0
    else:
        extrema = image.getextrema()
        lowest, highest = float(extrema[0]), float(extrema[1])  # type: ignore[arg-type]
        if image.mode == "F" and lowest >= 0.0 and highest <= 1.0:
            low, high = 0.0, 1.0
        elif lowest >= 0.0 and highest <= 255.0:
            low, high = 0.0, 255.0
        elif lowest >= 0.0 and highest <= 65535.0:
            low, high = 0.0, 65535.0
        else:
            low, high = lowest, highest
    if high <= low:
        return Image.new("L", image.size, 0)
    scale = 255.0 / (high - low)
    if image.mode == "I":
        image = image.convert("F")
    return image.point(lambda value: value * scale + (-low * scale)).convert("L")
