"""rotate."""

from __future__ import annotations

from typing import Any, ClassVar

from PIL import Image
from pydantic import Field

from ..declared import Color, rgba
from ..picture import has_alpha, is_transparent
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

    def apply(self, image: Image.Image) -> Image.Image:
        degrees = self.degrees % 360
        if degrees == 0:
            return image
        square = image.width == image.height
        if degrees in _QUARTERS and (self.expand or degrees == 180 or square):
            return image.transpose(_QUARTERS[int(degrees)])
        # Turned with premultiplied alpha, then laid over the background: no fringes where picture and corners meet.
        turned = (
            image.convert("RGBA")
            .convert("RGBa")
            .rotate(-degrees, Image.Resampling.BICUBIC, expand=self.expand)
            .convert("RGBA")
        )
        canvas = Image.new("RGBA", turned.size, rgba(self.background))
        canvas.alpha_composite(turned)
        if not has_alpha(image) and not is_transparent(canvas):
            return canvas.convert("RGB")
        return canvas
