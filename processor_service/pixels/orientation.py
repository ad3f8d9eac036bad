"""EXIF orientation: what turns a picture upright."""

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


def upright(image: Image.Image, orientation: int) -> Image.Image:
    """The image turned as its EXIF orientation (1 to 8) asks."""
    turn = _TURNS.get(orientation)
    return image if turn is None else image.transpose(turn)
