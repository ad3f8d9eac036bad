"""Converts pixels through an embedded ICC profile to sRGB, which everything else here expects."""

from __future__ import annotations

import io

from PIL import Image, ImageCms

from ..byte_cache import byte_cache
from ..picture import Picture, has_alpha, has_grey

# Signature of a profile's colour space (ICC.1:2022, table 19) to Pillow's mode.
_SPACES = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK", "Lab ": "LAB"}
# As in Photoshop and browsers: colours within the gamut stay the same, black stays black.
_INTENT = ImageCms.Intent.RELATIVE_COLORIMETRIC
_FLAGS = ImageCms.Flags.BLACKPOINTCOMPENSATION
# A header and a table of tags. Profiles have a few megabytes at most: larger ones are made to keep this service busy.
_LEAST, MOST_BYTES = 132, 4 * 1024**2
# Bytes of a transform's own tables, at most about.
_TABLES = 1024**2


def make_srgb(picture: Picture) -> None:
    """Convert the picture's pixels to sRGB. Afterwards it has no profile."""
    if picture.icc_profile is not None:
        profile = picture.icc_profile
        picture.frames = [to_srgb(frame, profile) for frame in picture.frames]
        picture.icc_profile = None


def to_srgb(image: Image.Image, icc_profile: bytes) -> Image.Image:
    """The image (L, LA, RGB, RGBA, CMYK or LAB) in sRGB, as L, LA, RGB or RGBA.

    A profile that is broken, or of another colour space than the pixels, is ignored: the picture is still good, and its
    pixels are taken as sRGB. Alpha stays, and grey stays grey.
    """
    alpha = image.getchannel("A") if has_alpha(image) else None
    color: Image.Image = image.convert(image.mode[:-1]) if alpha else image
    grey = has_grey(image)
    space = _space(icc_profile)
    if grey and space == "RGB":
        # Grey pixels with an RGB profile have that profile's tone curve.
        color = color.convert("RGB")
    if space == color.mode and (transform := _transform(icc_profile, space)):
        color = ImageCms.applyTransform(color, transform) or color
    color = color.convert("L" if grey else "RGB")
    if alpha:
        color.putalpha(alpha)
    color.info.clear()
    return color


def is_sound_profile(icc_profile: bytes) -> bool:
    """Whether pixels of the profile's own colour space can be converted through it."""
    space = _space(icc_profile)
    whole = _LEAST <= len(icc_profile) <= MOST_BYTES and icc_profile[36:40] == b"acsp"
    return whole and space is not None and _transform(icc_profile, space) is not None


def fits(icc_profile: bytes, mode: str) -> bool:
    """Whether the profile is of the colour space of stored pixels of that mode."""
    return _space(icc_profile) == mode.removesuffix("A")


def _space(icc_profile: bytes) -> str | None:
    """Pillow's mode of the profile's colour space, from its header (bytes 16 to 19)."""
    return _SPACES.get(icc_profile[16:20].decode("latin-1"))


# Building a transform from a printing profile takes longer than using it, and all pictures of a camera share one
# profile. That of a CMYK file may be as large as the file.
@byte_cache(20 * 1024**2, lambda icc_profile, mode: len(icc_profile) + _TABLES)
def _transform(icc_profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """The transform from the profile to sRGB; None when the profile is broken."""
    try:
        return ImageCms.buildTransform(
            ImageCms.ImageCmsProfile(io.BytesIO(icc_profile)),
            ImageCms.createProfile("sRGB"),
            mode,
            "RGB",
            _INTENT,
            _FLAGS,
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
