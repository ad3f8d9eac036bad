"""crop."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from PIL import Image
from pydantic import Field

from ..errors import Code, ImageError
from . import Operation


class Crop(Operation):
    """Cut out a box; what lies outside the picture is left off."""

    example: ClassVar[dict[str, Any]] = {"left": 0.1, "top": 0.1, "width": 0.8, "height": 0.8, "unit": "fraction"}

    left: float = Field(0, ge=0, le=65535, description="distance from the left")
    top: float = Field(0, ge=0, le=65535, description="distance from the top")
    width: float = Field(gt=0, le=65535, description="width of the box")
    height: float = Field(gt=0, le=65535, description="height of the box")
    unit: Literal["pixels", "fraction"] = Field(
        "pixels", description="whether the numbers are pixels or fractions (0 to 1) of the sides"
    )

    def apply(self, image: Image.Image) -> Image.Image:
        across, down = (image.width, image.height) if self.unit == "fraction" else (1, 1)
        left, top = round(self.left * across), round(self.top * down)
        right = min(image.width, max(left + 1, round((self.left + self.width) * across)))
        bottom = min(image.height, max(top + 1, round((self.top + self.height) * down)))
        if left >= image.width or top >= image.height:
            raise ImageError(
                Code.CROP_OUTSIDE,
                f"crop starts at {left},{top}, outside the picture of {image.width}x{image.height} pixels",
            )
        return image.crop((left, top, right, bottom))
