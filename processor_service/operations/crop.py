"""crop."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Self

from PIL import Image
from pydantic import Field, model_validator

from ..errors import Code, ImageError
from ..parameters import ABSENT, AT_MOST_ALL, Ratio, Rule, Unit, check_pixels, ratio, within_unit
from ..picture import Picture
from ..pixels.gravity import Gravity, offset
from ..pixels.saliency import salient_offset
from . import Operation, Size, shorter

_BOX = ("left", "top", "width", "height")


class Crop(Operation):
    """Cut out a box, or the largest box of an aspect ratio. A box that reaches beyond the picture is cut at its edges.

    With `gravity` `smart` the box is where the picture is most salient: strong contrast of colour, detail, skin.
    """

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "width and height (with left and top or with gravity, not both), or aspect_ratio without a box, are needed",
            (
                {"required": ["width", "height"], "properties": {"aspect_ratio": ABSENT, "gravity": ABSENT}},
                {
                    "required": ["width", "height", "gravity"],
                    "properties": dict.fromkeys(("aspect_ratio", "left", "top"), ABSENT),
                },
                {"required": ["aspect_ratio"], "properties": dict.fromkeys(_BOX, ABSENT)},
            ),
        ),
        within_unit({"properties": dict.fromkeys(_BOX, AT_MOST_ALL)}),
    )
    for_documents: ClassVar[bool] = True
    example: ClassVar[dict[str, Any]] = {"aspect_ratio": "16:9", "gravity": "smart"}
    on_animations: ClassVar[str] = "one box for all frames; `smart` looks at the first"

    left: float | None = Field(None, ge=0, le=65535, description="distance from the left; default: by `gravity`, or 0")
    top: float | None = Field(None, ge=0, le=65535, description="distance from the top; default: by `gravity`, or 0")
    width: float | None = Field(None, gt=0, le=65535, description="width of the box")
    height: float | None = Field(None, gt=0, le=65535, description="height of the box")
    unit: Unit = Field("pixels", description="whether the numbers are pixels or fractions (0 to 1) of the sides")
    aspect_ratio: Ratio | None = Field(
        None, description="instead of a box: the largest one of this shape, `width:height` such as `16:9` or `1.91:1`"
    )
    gravity: Gravity | None = Field(
        None,
        description="place of the box without `left` and `top`; `smart`: where colours stand out, and where "
        "detail and skin are; default with `aspect_ratio`: `center`",
    )

    @model_validator(mode="after")
    def _whole_pixels(self) -> Self:
        if self.width and self.height:
            check_pixels(self.unit, self.width, self.height)
        return self

    def most(self, own: Size, before: Size | None) -> Size | None:
        if self.width is None or self.height is None or self.unit == "fraction":
            # A part of any size, or a shape.
            return before
        return shorter((math.ceil(self.width), math.ceil(self.height)), before)

    def apply_to(self, picture: Picture) -> None:
        # One box for all frames.
        box = self.box(picture.image)
        picture.frames = [frame.crop(box) for frame in picture.frames]

    def box(self, image: Image.Image) -> tuple[int, int, int, int]:
        """Left, top, right, bottom in pixels. Raises ImageError `crop_outside` when no pixel is inside."""
        if self.aspect_ratio is not None:
            size = largest(image.size, ratio(self.aspect_ratio))
            return _placed(image, size, self.gravity or "center")
        across, down = (image.width, image.height) if self.unit == "fraction" else (1, 1)
        width, height = (self.width or 0) * across, (self.height or 0) * down
        if self.gravity:
            size = _side(width, image.width), _side(height, image.height)
            return _placed(image, size, self.gravity)
        exact_left, exact_top = (self.left or 0) * across, (self.top or 0) * down
        left, top = round(exact_left), round(exact_top)
        if left >= image.width or top >= image.height:
            raise ImageError(
                Code.CROP_OUTSIDE,
                f"crop starts at {left},{top}, outside the picture of {image.width}x{image.height} pixels",
            )
        right = min(image.width, max(left + 1, round(exact_left + width)))
        bottom = min(image.height, max(top + 1, round(exact_top + height)))
        return left, top, right, bottom


def largest(size: tuple[int, int], aspect: float) -> tuple[int, int]:
    """The largest box of an aspect ratio (width / height) within `size`, in pixels."""
    width, height = size
    if width > height * aspect:
        return _side(height * aspect, width), height
    return width, _side(width / aspect, height)


def _side(wanted: float, available: int) -> int:
    return max(1, min(available, round(wanted)))


def _placed(image: Image.Image, size: tuple[int, int], gravity: str) -> tuple[int, int, int, int]:
    left, top = salient_offset(image, *size) if gravity == "smart" else offset(image.size, size, gravity)
    return left, top, left + size[0], top + size[1]
