"""grayscale."""

from __future__ import annotations

from typing import ClassVar

from PIL import Image

from ..picture import has_alpha
from . import ColorOperation


class Grayscale(ColorOperation):
    """Drop the colours (luma of ITU-R BT.601); transparency stays."""

    for_documents: ClassVar[bool] = True

    def apply(self, image: Image.Image) -> Image.Image:
        return image.convert("LA" if has_alpha(image) else "L")
