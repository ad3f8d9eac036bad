"""The small upright copy of a picture from which most features read: made once, whoever asks first."""

from __future__ import annotations

from PIL import Image

from ..color_profile import to_srgb
from ..operations.auto_orient import upright
from ..picture import Picture, has_alpha

# Longest side in pixels that is enough for most features.
_SIDE = 512


def reduced(picture: Picture, side: int = _SIDE) -> Image.Image:
    """The picture upright and in sRGB, its longest side `side` to twice `side` pixels; smaller ones keep their size.

    The default copy belongs to all features: not to be changed. Averaging whole blocks of pixels takes 2 ms where
    resizing to an exact size takes 7 (2048x1365).
    """
    if side > _SIDE:
        return _reduce(picture, side)
    if picture.reduced_from is None or picture.reduced_from[1] is not picture.image:
        picture.reduced_from = _reduce(picture, _SIDE), picture.image
    return picture.reduced_from[0]


def _reduce(picture: Picture, side: int) -> Image.Image:
    factor = max(picture.image.size) // side
    small = picture.image.reduce(factor) if factor > 1 else picture.image
    if picture.icc_profile is not None:
        small = to_srgb(small, picture.icc_profile)
    return upright(small, picture.orientation)


def shrunk(image: Image.Image, side: int, resample: Image.Resampling = Image.Resampling.BOX) -> Image.Image:
    """A copy whose longest side is `side` pixels, or the image itself when it is smaller."""
    ratio = side / max(image.size)
    if ratio >= 1:
        return image
    return image.resize((max(1, round(image.width * ratio)), max(1, round(image.height * ratio))), resample)


def over_white(image: Image.Image) -> Image.Image:
    """The picture as L or RGB; what is transparent is laid over white, as in the thumbnail."""
    if not has_alpha(image):
        return image
    opaque = image.convert("RGBA")
    canvas = Image.new("RGBA", image.size, "white")
    canvas.alpha_composite(opaque)
    return canvas.convert("L" if image.mode == "LA" else "RGB")
