"""How samples lie in the file: what Pillow knows when it opens a picture and forgets when it has decoded it."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image, TiffImagePlugin


@dataclass(frozen=True)
class Samples:
    """`rawmode` is Pillow's name of the layout in the file, `white` the number that means white (None: unknown)."""

    rawmode: str = ""
    white: int | None = None
    white_is_zero: bool = False


def samples_of(image: Image.Image) -> Samples:
    """To be called before the picture is loaded."""
    tiles = getattr(image, "tile", None)
    arguments = tiles[0][3] if tiles else ""
    rawmode = arguments[0] if isinstance(arguments, tuple) and arguments else arguments
    rawmode = rawmode if isinstance(rawmode, str) else ""
    if image.format == "PPM" and image.mode == "I":
        # Pillow has scaled the file's own maximum to this.
        return Samples(rawmode, 65535)
    if image.mode.startswith("I;16"):
        if not isinstance(image, TiffImagePlugin.TiffImageFile):
            return Samples(rawmode, 65535)
        bits = _first(image.tag_v2.get(TiffImagePlugin.BITSPERSAMPLE), 16)
        zero_is_white = _first(image.tag_v2.get(TiffImagePlugin.PHOTOMETRIC_INTERPRETATION), 1) == 0
        return Samples(rawmode, 2**bits - 1 if 8 < bits < 16 else None, zero_is_white)
    if image.format == "XBM":
        # X11 draws set bits in the foreground colour; Pillow reads them as white.
        return Samples(rawmode, None, True)
    if rawmode in ("I;16S", "I;16BS"):
        return Samples(rawmode, 32767)
    return Samples(rawmode)


def _first(value: object, default: int) -> int:
    if isinstance(value, tuple) and value:
        value = value[0]
    return value if isinstance(value, int) else default
