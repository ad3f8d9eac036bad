"""Bitmaps whose alpha is zero everywhere: their writers left that byte unused, and other programs show them opaque."""

from __future__ import annotations

from PIL import Image

from ..picture import has_alpha

# Pillow's names of the formats whose fourth byte may be unused. Of an icon, a mask that hides everything is none.
_BITMAPS = ("BMP", "DIB", "ICO", "CUR", "TGA")
_ICONS = ("ICO", "CUR")


def with_visible_alpha(image: Image.Image, pixels: Image.Image) -> Image.Image:
    """The pixels of an opened picture. Alpha that hides all of them is dropped; of an icon, a mask that hides none."""
    if image.format not in _BITMAPS or not has_alpha(pixels):
        return pixels
    extremes = pixels.getchannel("A").getextrema()
    means_nothing = extremes == (0, 0) or (extremes == (255, 255) and image.format in _ICONS)
    return pixels.convert(pixels.mode[:-1]) if means_nothing else pixels
