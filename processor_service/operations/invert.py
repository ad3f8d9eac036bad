"""invert."""

from __future__ import annotations

from typing import ClassVar

from PIL import Image, ImageChops

from ..pixels.alpha import on_color
from . import Operation


class Invert(Operation):
    """Turn the colours into their opposites, as a negative; transparency stays."""

    for_documents: ClassVar[bool] = True

    @property
    def scale_free(self) -> bool:
        return True

    def apply(self, image: Image.Image) -> Image.Image:
        return on_color(image, ImageChops.invert)
