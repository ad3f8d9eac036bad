"""flip."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from PIL import Image
from pydantic import Field

from . import Operation


class Flip(Operation):
    """Mirror the picture."""

    for_documents: ClassVar[bool] = True
    example: ClassVar[dict[str, Any]] = {"direction": "horizontal"}

    direction: Literal["horizontal", "vertical", "both"] = Field(
        "horizontal", description="`horizontal` swaps left and right, `vertical` top and bottom"
    )

    @property
    def scale_free(self) -> bool:
        return True

    def apply(self, image: Image.Image) -> Image.Image:
        if self.direction == "both":
            return image.transpose(Image.Transpose.ROTATE_180)
        horizontal = self.direction == "horizontal"
        return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT if horizontal else Image.Transpose.FLIP_TOP_BOTTOM)
