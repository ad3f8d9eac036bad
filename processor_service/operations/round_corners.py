"""round_corners."""

from __future__ import annotations

from typing import Any, ClassVar

from PIL import Image, ImageChops, ImageDraw
from pydantic import Field

from ..parameters import Color, Unit
from ..pixels.alpha import canvas, laid_over
from . import Operation

# ImageDraw does not smooth edges. So corners are drawn larger and scaled down, unless that would take much memory.
_SMOOTHING = 4
_MOST = 4096


class RoundCorners(Operation):
    """Round off the corners. With a radius of half a side a square becomes a circle."""

    for_documents: ClassVar[bool] = True
    example: ClassVar[dict[str, Any]] = {"radius": 24}

    radius: float = Field(gt=0, le=16384, description="radius of the corners, at most half the shorter side")
    unit: Unit = Field(
        "pixels", description="whether the radius is in pixels or a fraction (0.5 is half) of the shorter side"
    )
    background: Color = Field("transparent", description="colour of what is cut off")

    @property
    def mixes_colors(self) -> bool:
        return True

    def apply(self, image: Image.Image) -> Image.Image:
        shorter = min(image.size)
        radius = min(shorter // 2, round(self.radius * (shorter if self.unit == "fraction" else 1)))
        if radius == 0:
            return image
        mask = _mask(image.size, radius)
        below = canvas(image.size, self.background, image)
        above = image.convert("RGBA")
        above.putalpha(ImageChops.multiply(mask, above.getchannel("A")))
        return laid_over(below, above)


def _mask(size: tuple[int, int], radius: int) -> Image.Image:
    factor = max(1, min(_SMOOTHING, _MOST // radius))
    side = radius * factor
    corner = Image.new("L", (side, side))
    ImageDraw.Draw(corner).ellipse((0, 0, 2 * side - 1, 2 * side - 1), fill=255)
    corner = corner.resize((radius, radius), Image.Resampling.BOX)
    mask = Image.new("L", size, 255)
    right, bottom = size[0] - radius, size[1] - radius
    mask.paste(corner, (0, 0))
    mask.paste(corner.transpose(Image.Transpose.FLIP_LEFT_RIGHT), (right, 0))
    mask.paste(corner.transpose(Image.Transpose.FLIP_TOP_BOTTOM), (0, bottom))
    mask.paste(corner.transpose(Image.Transpose.ROTATE_180), (right, bottom))
    return mask
