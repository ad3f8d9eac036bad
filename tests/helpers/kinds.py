"""What the tests of kinds of picture share: a picture decoded and upright, and pixels as numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from processor_service.decoding.decode import decode
from processor_service.errors import Code, ImageError
from processor_service.picture import Picture
from processor_service.pixels.orientation import upright
from processor_service.settings import Settings
from tests.helpers.pictures import picture

SETTINGS = Settings()


def decoded(source: str | bytes, **options: Any) -> Picture:
    """A test picture by name, or bytes, decoded with the default limits."""
    return decode(picture(source) if isinstance(source, str) else source, SETTINGS, **options)


def shown(source: str | bytes, **options: Any) -> Image.Image:
    """How it looks: decoded and turned upright."""
    result = decoded(source, **options)
    return upright(result.image, result.orientation)


def refused(source: str | bytes, settings: Settings = SETTINGS, **options: Any) -> tuple[Code, str]:
    """Code and reason of a picture that must not be decoded."""
    try:
        decode(picture(source) if isinstance(source, str) else source, settings, **options)
    except ImageError as error:
        return error.code, error.reason
    raise AssertionError("the picture was decoded")


def rgba(image: Image.Image) -> NDArray[np.int64]:
    """Height x width x 4; what is fully transparent has no colour."""
    pixels = np.asarray(image.convert("RGBA")).astype(np.int64)
    pixels[pixels[..., 3] == 0] = 0
    return pixels


def furthest(one: Image.Image, other: Image.Image) -> int:
    """The largest difference of any channel of any pixel, 0 to 255."""
    assert one.size == other.size
    return int(np.abs(rgba(one) - rgba(other)).max())
