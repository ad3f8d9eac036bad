"""How samples are stored in the file. Pillow knows that after opening a picture, and forgets it after decoding."""

from __future__ import annotations

import io
from dataclasses import dataclass

from PIL import Image, PngImagePlugin

# Pillow's name for 16-bit colour in a PNG.
KEYED_16_BITS = "RGB;16B"


@dataclass(frozen=True)
class SampleLayout:
    """`rawmode`: Pillow's name for the layout in the file; `white`: the number for white, None when unknown.

    `low`: the lower 8 bits of 16, when they are needed. Pillow keeps only the upper ones.
    """

    rawmode: str = ""
    white: int | None = None
    white_is_zero: bool = False
    low: Image.Image | None = None


def sample_layout(image: Image.Image) -> SampleLayout:
    """The layout of an opened picture. Call it before the picture is loaded."""
    tiles = getattr(image, "tile", None)
    arguments = tiles[0][3] if tiles else ""
    rawmode = arguments[0] if isinstance(arguments, tuple) and arguments else arguments
    rawmode = rawmode if isinstance(rawmode, str) else ""
    if image.format == "PPM" and image.mode == "I":
        # Pillow has scaled the file's maximum to this.
        return SampleLayout(rawmode, 65535)
    if image.mode.startswith("I;16"):
        return SampleLayout(rawmode, 65535)
    if image.format == "XBM":
        # X11 draws set bits in the foreground colour; Pillow reads them as white.
        return SampleLayout(rawmode, None, True)
    if rawmode == KEYED_16_BITS and isinstance(image.info.get("transparency"), tuple):
        return SampleLayout(rawmode, low=_lower_bits(image))
    return SampleLayout(rawmode)


def _lower_bits(image: Image.Image) -> Image.Image | None:
    """The lower 8 bits of a PNG of 16-bit colour, read as if the lower bytes came first."""
    if not isinstance(image, PngImagePlugin.PngImageFile) or image.fp is None:
        return None
    position = image.fp.tell()
    image.fp.seek(0)
    twin = PngImagePlugin.PngImageFile(io.BytesIO(image.fp.read()))
    image.fp.seek(position)
    twin.tile = [tile._replace(args="RGB;16L") for tile in twin.tile]
    twin.load()
    return twin
