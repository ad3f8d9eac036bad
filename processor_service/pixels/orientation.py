"""Turns pictures by quarters, and as their EXIF orientation asks."""

from __future__ import annotations

from PIL import Image

# EXIF 2.32, tag 0x0112: what turns a picture of that orientation upright.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# Of a quarter turn: where the upper rows go, to the left or to the right.
_UPPER_LEFT = (Image.Transpose.ROTATE_90, Image.Transpose.TRANSPOSE)
_QUARTERS = (*_UPPER_LEFT, Image.Transpose.ROTATE_270, Image.Transpose.TRANSVERSE)
# Rows that are turned at a time. They and what becomes of them stay in the processor's cache: half of Pillow's time for
# a picture of two megapixels (docs/performance.md).
_ROWS = 64


def upright(image: Image.Image, orientation: int) -> Image.Image:
    """The image turned as its EXIF orientation (1 to 8) asks."""
    turn = _TURNS.get(orientation)
    return image if turn is None else turned(image, turn)


def turned(image: Image.Image, turn: Image.Transpose) -> Image.Image:
    """What `Image.transpose` makes of the image (mode L, LA, RGB, RGBA)."""
    width, height = image.size
    if turn not in _QUARTERS or height <= _ROWS:
        return image.transpose(turn)
    # Not filled: every pixel is written.
    result = Image.new(image.mode, (height, width), None)
    for top in range(0, height, _ROWS):
        bottom = min(top + _ROWS, height)
        part = image.crop((0, top, width, bottom)).transpose(turn)
        result.paste(part, (top if turn in _UPPER_LEFT else height - bottom, 0))
    return result
