"""Ordinary JPEGs at the smallest scale that is good enough: by simplejpeg (libjpeg-turbo).

What is not ordinary (CMYK, RGB, a warning of the decoder, anything broken) is left to Pillow, which decides what can be
saved of it.
"""

from __future__ import annotations

import simplejpeg
from PIL import Image

from .scaling import scale

# Colours as the file has them: what they are decoded to, in simplejpeg's and in Pillow's name.
_MODES = {"YCbCr": ("RGBX", "RGBX"), "Gray": ("GRAY", "L")}
# The decoder halves (and quarters) a picture at half the cost; less than 1.9 times the final size would cost sharpness.
_HEADROOM = 1.9
_SCALES = (8, 4, 2)


def decode_jpeg(data: bytes, target: tuple[int, int] | None) -> Image.Image | None:
    """Decode to `target` size (width, height in pixels, as stored; None: as it is). None when this is not for us."""
    try:
        height, width, colors, _ = simplejpeg.decode_jpeg_header(data)
        if colors not in _MODES:
            return None
        least = _least_size(width, height, target)
        space, mode = _MODES[colors]
        pixels = simplejpeg.decode_jpeg(
            data,
            space,
            # Chroma is repeated, not interpolated, where it is averaged again: by scaling, or by the encoder, to which
            # the averages of what was repeated are what the file had.
            fastupsample=target is not None,
            min_width=least[0],
            min_height=least[1],
            min_factor=1,
            strict=True,
        )
    except ValueError:
        return None
    image = Image.frombuffer(mode, (pixels.shape[1], pixels.shape[0]), pixels, "raw", mode, 0, 1)
    if mode == "RGBX":
        # Pillow's RGB is the same four bytes a pixel: taken over by way of Arrow, they are not copied.
        image = Image.fromarrow(image, "RGB", image.size)
    return image if target is None else scale(image, target)


def _least_size(width: int, height: int, target: tuple[int, int] | None) -> tuple[int, int]:
    """Size of the largest reduction (to 1/8, 1/4, 1/2) that leaves enough pixels for `target`."""
    if target is not None:
        for factor in _SCALES:
            reduced = -(-width // factor), -(-height // factor)
            if reduced[0] >= target[0] * _HEADROOM and reduced[1] >= target[1] * _HEADROOM:
                return reduced
    return width, height
