"""sharpen."""

from __future__ import annotations

from typing import Any, ClassVar

from PIL import Image, ImageFilter
from pydantic import Field

from ..pixels.alpha import on_color, spread_colors
from . import Operation


class Sharpen(Operation):
    """Sharpen the picture (unsharp mask): what differs from its blurred surroundings differs more."""

    for_documents: ClassVar[bool] = True
    example: ClassVar[dict[str, Any]] = {"radius": 1, "amount": 0.8}

    radius: float = Field(1, gt=0, le=50, description="standard deviation of the surroundings in pixels")
    amount: float = Field(1, gt=0, le=5, description="share of the difference that is added")
    threshold: int = Field(2, ge=0, le=255, description="smaller differences, such as noise, stay as they are")

    def apply(self, image: Image.Image) -> Image.Image:
        mask = ImageFilter.UnsharpMask(self.radius, round(self.amount * 100), self.threshold)
        return on_color(spread_colors(image, self.radius * 2), lambda color: color.filter(mask))
