"""pad."""

from __future__ import annotations

from typing import Any, ClassVar

from PIL import Image
from pydantic import Field
from pydantic.config import JsonDict

from ..parameters import ABSENT, Color, Ratio, Rule, Unit, ratio
from ..pixels.alpha import canvas
from ..pixels.gravity import Direction, offset
from . import Operation

_SIDES = ("left", "top", "right", "bottom")
_ZERO: JsonDict = {"const": 0}


class Pad(Operation):
    """Add a border, or as much as an aspect ratio needs."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            f"either sides ({', '.join(_SIDES)}) or aspect_ratio, not both",
            (
                {"properties": {"aspect_ratio": ABSENT}},
                {"required": ["aspect_ratio"], "properties": dict.fromkeys(_SIDES, _ZERO)},
            ),
        ),
    )
    for_documents: ClassVar[bool] = True
    example: ClassVar[dict[str, Any]] = {"aspect_ratio": "1:1", "background": "#ffffff"}

    left: float = Field(0, ge=0, le=16384, description="added on the left")
    top: float = Field(0, ge=0, le=16384, description="added on top")
    right: float = Field(0, ge=0, le=16384, description="added on the right")
    bottom: float = Field(0, ge=0, le=16384, description="added at the bottom")
    unit: Unit = Field("pixels", description="whether the numbers are pixels or fractions (1 is all) of the sides")
    aspect_ratio: Ratio | None = Field(
        None, description="instead of sides: padded to this shape, `width:height` such as `16:9`"
    )
    gravity: Direction = Field("center", description="place of the picture in the `aspect_ratio`")
    background: Color = Field("#ffffff", description="colour of the border")

    @property
    def mixes_colors(self) -> bool:
        return True

    def size_after(self, width: int, height: int) -> tuple[int, int]:
        if self.aspect_ratio is not None:
            aspect = ratio(self.aspect_ratio)
            return max(width, round(height * aspect)), max(height, round(width / aspect))
        left, top, right, bottom = self._sides(width, height)
        return width + left + right, height + top + bottom

    def apply(self, image: Image.Image) -> Image.Image:
        size = self.size_after(*image.size)
        if size == image.size:
            return image
        padded = canvas(size, self.background, image)
        by_ratio = self.aspect_ratio is not None
        at = offset(size, image.size, self.gravity) if by_ratio else self._sides(*image.size)[:2]
        padded.paste(image.convert(padded.mode), at)
        return padded

    def _sides(self, width: int, height: int) -> tuple[int, int, int, int]:
        across, down = (width, height) if self.unit == "fraction" else (1, 1)
        return (
            round(self.left * across),
            round(self.top * down),
            round(self.right * across),
            round(self.bottom * down),
        )
