"""rotate."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from PIL import Image, ImageChops
from pydantic import Field

from ..parameters import Color
from ..pixels.alpha import canvas, laid_over
from ..pixels.orientation import turned
from . import Operation

_QUARTERS = {90: Image.Transpose.ROTATE_270, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_90}


class Rotate(Operation):
    """Turn the picture clockwise; quarter turns are exact, other angles are interpolated (bicubic)."""

    for_documents: ClassVar[bool] = True
    example: ClassVar[dict[str, Any]] = {"degrees": 90}

    degrees: float = Field(ge=-360, le=360, description="angle, clockwise")
    expand: bool = Field(True, description="grow the picture so that nothing is cut off; else its size stays")
    background: Color = Field("#ffffff", description="colour of the new corners; `transparent` gives the picture alpha")

    @property
    def mixes_colors(self) -> bool:
        return self.degrees % 90 != 0

    def size_after(self, width: int, height: int) -> tuple[int, int]:
        if not self.expand:
            return width, height
        angle = math.radians(self.degrees)
        cos, sin = abs(math.cos(angle)), abs(math.sin(angle))
        # Rounded up, except for what floating point adds to quarter turns.
        return math.ceil(width * cos + height * sin - 1e-6), math.ceil(width * sin + height * cos - 1e-6)

    def apply(self, image: Image.Image) -> Image.Image:
        degrees = self.degrees % 360
        if degrees == 0:
            return image
        square = image.width == image.height
        if degrees in _QUARTERS and (self.expand or degrees == 180 or square):
            return turned(image, _QUARTERS[int(degrees)])
        size = self.size_after(*image.size)
        return laid_over(canvas(size, self.background, image), self._turned(image, size))

    def _turned(self, image: Image.Image, size: tuple[int, int]) -> Image.Image:
        """The turned image as RGBA of that size, with transparent corners.

        Colours are interpolated with premultiplied alpha, from a copy whose edge is extended by a pixel. A mask says
        how much of each pixel is covered. So edges are smooth, without dark or light fringes.
        """
        premultiplied = image.convert("RGBA").convert("RGBa")
        wider = Image.new("RGBa", (image.width + 2, image.height + 2))
        for at in ((0, 0), (2, 0), (0, 2), (2, 2), (1, 1)):
            wider.paste(premultiplied, at)
        covered = Image.new("L", wider.size)
        covered.paste(255, (1, 1, image.width + 1, image.height + 1))
        turned = wider.rotate(-self.degrees, Image.Resampling.BICUBIC, expand=self.expand).convert("RGBA")
        covered = covered.rotate(-self.degrees, Image.Resampling.BILINEAR, expand=self.expand)
        turned.putalpha(ImageChops.multiply(turned.getchannel("A"), covered))
        left, top = (turned.width - size[0]) // 2, (turned.height - size[1]) // 2
        return turned.crop((left, top, left + size[0], top + size[1]))
