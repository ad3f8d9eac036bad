"""How samples lie in the file: what Pillow knows when it opens a picture and forgets when it has decoded it."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image


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
        return Samples(rawmode, 65535)
    if image.format == "XBM":
        # X11 draws set bits in the foreground colour; Pillow reads them as white.
        return Samples(rawmode, None, True)
    return Samples(rawmode)
