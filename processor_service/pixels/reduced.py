"""The small upright copy of a picture that most features read. It is made once."""

from __future__ import annotations

from PIL import Image

from ..color.profiles import to_srgb
from ..picture import Picture, has_alpha
from .orientation import upright
from .scaling import shrunk

# Longest side in pixels.
SIDE = 512


def reduced(picture: Picture) -> Image.Image:
    """The picture upright and in sRGB, its longest side at most `SIDE`. All features share it: not to be changed."""
    return picture.once("reduced", lambda: upright_srgb(shrunk(picture.image, SIDE), picture))


def luma(picture: Picture) -> Image.Image:
    """The luma of that copy, transparent parts over white. Not to be changed either."""
    return picture.once("luma", lambda: over_white(reduced(picture)).convert("L"))


def upright_srgb(copy: Image.Image, picture: Picture) -> Image.Image:
    """A copy of the picture as people see it: upright and in sRGB."""
    if picture.icc_profile is not None:
        copy = to_srgb(copy, picture.icc_profile)
    return upright(copy, picture.orientation)


def upright_size(picture: Picture) -> tuple[int, int]:
    """Width and height in pixels of the upright picture."""
    width, height = picture.image.size
    return (height, width) if picture.orientation >= 5 else (width, height)


def over_white(image: Image.Image) -> Image.Image:
    """The picture as L or RGB. Transparent parts are laid over white, as in the thumbnail."""
    if not has_alpha(image):
        return image
    opaque = image.convert("RGBA")
    canvas = Image.new("RGBA", image.size, "white")
    canvas.alpha_composite(opaque)
    return canvas.convert("L" if image.mode == "LA" else "RGB")
