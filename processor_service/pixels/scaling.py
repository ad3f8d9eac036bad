"""Scales pixels with cykooz.resizer, which is much faster than Pillow (docs/performance.md); without it, with Pillow.

Both compute the same: convolution with antialiasing of colours premultiplied by their alpha. So the colours of
transparent pixels do not bleed into their neighbours.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

try:
    from cykooz_resizer import FilterType, ResizeAlg, ResizeOptions, Resizer
except ImportError:
    # There are no wheels for Linux on ARM.
    SCALER = "Pillow"
else:
    SCALER = "cykooz.resizer"
    _RESIZER = Resizer()
    _LANCZOS = ResizeOptions(ResizeAlg.convolution(FilterType.lanczos3))
    _BOX = ResizeOptions(ResizeAlg.convolution(FilterType.box))
    _TRIANGLE = ResizeOptions(ResizeAlg.convolution(FilterType.bilinear))


def scale(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The image (mode L, LA, RGB, RGBA) scaled to `size` (width, height in pixels) by Lanczos' filter.

    Raises MemoryError.
    """
    if size == image.size:
        return image
    if SCALER == "Pillow":
        return image.resize(size, Image.Resampling.LANCZOS)
    return _resized(image, size, _LANCZOS)


def shrunk(image: Image.Image, side: int) -> Image.Image:
    """A copy (mode L, LA, RGB, RGBA) whose longest side is `side` pixels; the image itself when it is smaller.

    Softer than Lanczos' filter and four times as fast: for measuring, not for looking. Takes means of large blocks of
    pixels, otherwise a triangle filter.
    """
    if max(image.size) <= side:
        return image
    size = within(image.size, side)
    blocks = max(image.size) >= 3 * side
    if SCALER == "Pillow":
        return image.resize(size, Image.Resampling.BOX if blocks else Image.Resampling.BILINEAR)
    return _resized(image, size, _BOX if blocks else _TRIANGLE)


def within(size: tuple[int, int], side: int) -> tuple[int, int]:
    """The size (width, height in pixels) at which the longest side is at most `side`."""
    ratio = min(1.0, side / max(size))
    return max(1, round(size[0] * ratio)), max(1, round(size[1] * ratio))


def _resized(image: Image.Image, size: tuple[int, int], options: ResizeOptions) -> Image.Image:
    if image.mode == "LA":
        # The resizer does not know this mode.
        return _resized(image.convert("RGBA"), size, options).convert("LA")
    target = Image.new(image.mode, size)
    # The Rust resizer aborts on allocation failure. Allocate the same amount first to get a MemoryError instead:
    # premultiplied colours, then the columns at their new width, four bytes a pixel.
    np.empty(4 * image.height * (image.width + size[0]), np.uint8)
    _RESIZER.resize_pil(image, target, options)
    return target
