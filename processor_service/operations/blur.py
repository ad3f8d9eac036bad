"""blur."""

from __future__ import annotations

from typing import Any, ClassVar

from PIL import Image, ImageFilter
from pydantic import Field

from ..pixels.alpha import on_premultiplied
from . import Operation


class Blur(Operation):
    """Blur the picture (Gaussian)."""

    for_documents: ClassVar[bool] = True
    protects: ClassVar[bool] = True
    example: ClassVar[dict[str, Any]] = {"radius": 4}

    radius: float = Field(2, gt=0, le=500, description="standard deviation in pixels")

    def apply(self, image: Image.Image) -> Image.Image:
        blur = ImageFilter.GaussianBlur(self.radius)
        return on_premultiplied(image, lambda pixels: pixels.filter(blur))
