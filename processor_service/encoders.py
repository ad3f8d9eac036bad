"""Pixels to bytes, one function per format."""

from __future__ import annotations

import io
from typing import Any

from PIL import ExifTags, Image, ImageColor

from .formats import stored_as
from .picture import Output, has_alpha

NO_ALPHA = {"jpeg"}
# What looks about the same in each format.
_QUALITY = {"jpeg": 85, "webp": 80, "avif": 65}


def encode_image(
    image: Image.Image, name: str, output: Output, transparent: bool, orientation: int = 1
) -> tuple[bytes, str]:
    """Encode one image; returns the bytes and its public name (PNG where `name` cannot be written)."""
    name = stored_as(name)
    if has_alpha(image) and (name in NO_ALPHA or not transparent):
        image = flatten(image, output.background) if transparent else image.convert(image.mode[:-1])
    buffer = io.BytesIO()
    image.save(buffer, **_options(name, output), **_orientation_tag(orientation))
    return buffer.getvalue(), name


def flatten(image: Image.Image, background: str) -> Image.Image:
    """Lay a picture with alpha over a background colour."""
    opaque = image.convert("RGBA")
    canvas = Image.new("RGBA", image.size, background)
    canvas.alpha_composite(opaque)
    return canvas.convert("L" if image.mode == "LA" and _is_grey(background) else "RGB")


def _is_grey(color: str) -> bool:
    red, green, blue = ImageColor.getrgb(color)[:3]
    return red == green == blue


def _options(name: str, output: Output) -> dict[str, Any]:
    quality = output.quality or _QUALITY.get(name, 85)
    if name == "jpeg":
        return {"format": "JPEG", "quality": quality}
    if name == "png":
        # Level 6 costs twice the time of level 1 and saves nothing on photographs.
        return {"format": "PNG", "compress_level": 1}
    if name == "webp":
        # Pillow's default method 4 costs 26 to 30 times a JPEG.
        return {"format": "WEBP", "quality": quality, "method": 1}
    if name == "avif":
        return {"format": "AVIF", "quality": quality, "speed": 9}
    if name == "tiff":
        return {"format": "TIFF", "compression": "tiff_lzw"}
    return {"format": "GIF"}


def _orientation_tag(orientation: int) -> dict[str, Any]:
    if orientation == 1:
        return {}
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    return {"exif": exif}
