"""rotate."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from PIL import Image
from pydantic import Field

from ..alpha import canvas
from ..declared import Color
from ..picture import has_alpha
from . import Operation

_QUARTERS = {90: Image.Transpose.ROTATE_270, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_90}


class Rotate(Operation):
    """Turn the picture clockwise; quarter turns are exact, other angles are interpolated (bicubic)."""

    example: ClassVar[dict[str, Any]] = {"degrees": 90}

    degrees: float = Field(ge=-360, le=360, description="angle, clockwise")
    expand: bool = Field(True, description="grow the picture so that nothing is cut off; else its size stays")
    background: Color = Field(
        "#ffffff", description="colour of the corners that appear; `transparent` gives the picture alpha"
    )

    @property
    def mixes_colors(self) -> bool:
        return self.degrees % 90 != 0

    def size_after(self, width: int, height: int) -> tuple[int, int]:
        if not self.expand:
            return width, height
        # A pixel more than the turned rectangle's sides, for rounding.
        angle = math.radians(self.degrees)
        cos, sin = abs(math.cos(angle)), abs(math.sin(angle))
        spare = 1 if self.mixes_colors else 0
        return round(width * cos + height * sin) + spare, round(width * sin + height * cos) + spare

    def apply(self, image: Image.Image) -> Image.Image:
        degrees = self.degrees % 360
        if degrees == 0:
            return image
        square = image.width == image.height
        if degrees in _QUARTERS and (self.expand or degrees == 180 or square):
            return image.transpose(_QUARTERS[int(degrees)])
        # Turned with premultiplied alpha, then laid over the background: no fringes where picture and corners meet.
        turned = (
            (image if has_alpha(image) else image.convert(image.mode + "A"))
            .convert(image.mode[:-1] + "a" if has_alpha(image) else image.mode + "a")
            .rotate(-degrees, Image.Resampling.BICUBIC, expand=self.expand)
        )
        below = canvas(turned.size, self.background, image)
        above = turned.convert("RGBA")
        if has_alpha(below):
            result = below.convert("RGBA")
            result.alpha_composite(above)
            return result.convert(below.mode)
        below.paste(above.convert(below.mode), mask=above.getchannel("A"))
        return below
