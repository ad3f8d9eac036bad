"""equalize."""

from __future__ import annotations

from typing import ClassVar

from PIL import Image, ImageOps

from ..picture import has_grey
from ..pixels.alpha import on_color, visible
from . import Operation


class Equalize(Operation):
    """Spread brightness evenly over the whole range; hues stay."""

    for_documents: ClassVar[bool] = True
    on_animations: ClassVar[str] = "each frame by itself, so brightness may change from one to the next"

    def apply(self, image: Image.Image) -> Image.Image:
        mask = visible(image)
        return on_color(image, lambda color: _equalized(color, mask))


def _equalized(color: Image.Image, mask: Image.Image | None) -> Image.Image:
    if has_grey(color):
        return ImageOps.equalize(color, mask)
    # Only the luma: each channel by itself would change the hues.
    luma, blue, red = color.convert("YCbCr").split()
    return Image.merge("YCbCr", (ImageOps.equalize(luma, mask), blue, red)).convert("RGB")
