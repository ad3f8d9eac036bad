"""pixelate."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Self

from PIL import Image
from pydantic import Field, model_validator

from ..parameters import AT_MOST_ALL, Parameters, Rule, Unit, check_pixels, within_unit
from . import Operation


class Area(Parameters):
    """A box within the picture."""

    left: float = Field(ge=0, le=65535, description="distance from the left")
    top: float = Field(ge=0, le=65535, description="distance from the top")
    width: float = Field(gt=0, le=65535, description="width of the box")
    height: float = Field(gt=0, le=65535, description="height of the box")


class Pixelate(Operation):
    """Replace the picture, or boxes in it, with coarse squares of their mean colours.

    Small squares hide less than one thinks: text can be guessed. A face should get at most 6 squares across.
    """

    rules: ClassVar[tuple[Rule, ...]] = (
        within_unit(
            {"properties": {"boxes": {"items": {"properties": dict.fromkeys(Area.model_fields, AT_MOST_ALL)}}}}
        ),
    )
    for_documents: ClassVar[bool] = True
    protects: ClassVar[bool] = True
    example: ClassVar[dict[str, Any]] = {
        "size": 24,
        "unit": "fraction",
        "boxes": [{"left": 0.4, "top": 0.1, "width": 0.2, "height": 0.3}],
    }

    on_animations: ClassVar[str] = "each frame, in the same boxes: what moves out of them can be seen"

    size: int = Field(16, ge=2, le=2000, description="side of a square in pixels")
    boxes: list[Area] | None = Field(
        None,
        min_length=1,
        max_length=100,
        description="where, each with `left`, `top`, `width` and `height`; default: everywhere",
    )
    unit: Unit = Field("pixels", description="whether the boxes are in pixels or fractions (0 to 1) of the sides")

    @model_validator(mode="after")
    def _boxes_in_unit(self) -> Self:
        for area in self.boxes or ():
            check_pixels(self.unit, area.width, area.height)
        return self

    def apply(self, image: Image.Image) -> Image.Image:
        if self.boxes is None:
            return self._squares(image)
        image = image.copy()
        across, down = (image.width, image.height) if self.unit == "fraction" else (1, 1)
        for area in self.boxes:
            # Rounded outwards, so that every pixel that should be hidden is hidden.
            left, top = math.floor(area.left * across), math.floor(area.top * down)
            right = min(image.width, math.ceil((area.left + area.width) * across))
            bottom = min(image.height, math.ceil((area.top + area.height) * down))
            if left < right and top < bottom:
                image.paste(self._squares(image.crop((left, top, right, bottom))), (left, top))
        return image

    def _squares(self, image: Image.Image) -> Image.Image:
        across, down = min(self.size, image.width), min(self.size, image.height)
        # Pillow averages with premultiplied alpha, and squares at the right and bottom edge over the pixels that they
        # have.
        small = image.reduce((across, down))
        large = small.resize((small.width * across, small.height * down), Image.Resampling.NEAREST)
        return large.crop((0, 0, *image.size))
