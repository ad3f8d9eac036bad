"""Decodes ordinary JPEGs at the smallest scale that is good enough, with simplejpeg (libjpeg-turbo).

All others (CMYK, RGB, a warning of the decoder, anything broken) are left to Pillow, which decides what can be saved.
"""

from __future__ import annotations

from collections.abc import Iterable

import simplejpeg
from PIL import Image

from ..pixels.scaling import scale
from ..settings import Settings

# The file's colours, and what they are decoded to: simplejpeg's and Pillow's name.
_MODES = {"YCbCr": ("RGBX", "RGBX"), "Gray": ("GRAY", "L")}
# The decoder halves (and quarters) a picture at half the cost. Below 1.9 times the final size, sharpness is lost.
_HEADROOM = 1.9
_QUICK_EIGHTHS = (1, 2, 4)


def decode_jpeg(data: bytes, target: tuple[int, int] | None, settings: Settings) -> Image.Image | None:
    """Decode to `target` size (width, height in pixels, as stored; None: its own). None when Pillow must decode it.

    Above what the settings accept, memory matters more than the last bit of sharpness (`decoded_size`).
    """
    try:
        height, width, colors, _ = simplejpeg.decode_jpeg_header(data)
        if colors not in _MODES:
            return None
        least = decoded_size(width, height, target, settings)
        space, mode = _MODES[colors]
        pixels = simplejpeg.decode_jpeg(
            data,
            space,
            # Chroma is repeated, not interpolated, when it is averaged again: by scaling, or by the encoder, whose
            # averages are then what the file had.
            fastupsample=target is not None,
            min_width=least[0],
            min_height=least[1],
            min_factor=1,
            strict=True,
        )
    except Exception:
        # Any exception: for some sampling factors its header reader raises a KeyError.
        return None
    image = Image.frombuffer(mode, (pixels.shape[1], pixels.shape[0]), pixels, "raw", mode, 0, 1)
    if mode == "RGBX":
        # Pillow's RGB has the same four bytes a pixel. Passed through Arrow, they are not copied.
        image = Image.fromarrow(image, "RGB", image.size)
    return image if target is None else scale(image, target)


def decoded_size(width: int, height: int, target: tuple[int, int] | None, settings: Settings) -> tuple[int, int]:
    """The size after the largest reduction (to 1/8, 1/4, 1/2) that leaves enough pixels for `target`.

    Enough means 1.9 times its sides. If that is more than the settings accept, its sides are enough, and all eighths
    are tried.
    """
    if target is None:
        return width, height
    size = _reduced(width, height, target, _HEADROOM, _QUICK_EIGHTHS)
    return size if is_acceptable(*size, settings) else _reduced(width, height, target, 1, range(1, 9))


def is_acceptable(width: int, height: int, settings: Settings) -> bool:
    """Whether the settings accept a picture of that size."""
    return width * height <= settings.max_pixels and max(width, height) <= settings.max_dimension


def _reduced(
    width: int, height: int, target: tuple[int, int], headroom: float, eighths: Iterable[int]
) -> tuple[int, int]:
    sizes = ((-(-width * eighth // 8), -(-height * eighth // 8)) for eighth in eighths)
    least = target[0] * headroom, target[1] * headroom
    return next((size for size in sizes if size[0] >= least[0] and size[1] >= least[1]), (width, height))
