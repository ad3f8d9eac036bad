"""adjust."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from PIL import Image, ImageEnhance, ImageStat
from pydantic import Field

from ..picture import has_grey
from ..pixels.alpha import on_color, spread_colors, visible
from . import Operation


class Adjust(Operation):
    """Change brightness, contrast, saturation, hue, sharpness and gamma, in this order.

    1 (of `hue` 0) leaves each as it is.
    """

    for_documents: ClassVar[bool] = True
    example: ClassVar[dict[str, Any]] = {"brightness": 1.1, "saturation": 1.2}
    on_animations: ClassVar[str] = "each frame, `contrast` around that frame's own mean"

    brightness: float = Field(1, ge=0, le=10, description="0 is black, 2 twice as bright")
    contrast: float = Field(1, ge=0, le=10, description="0 is uniform grey")
    saturation: float = Field(1, ge=0, le=10, description="0 is grey")
    hue: float = Field(0, ge=-360, le=360, description="degrees by which colours are turned on the colour wheel")
    sharpness: float = Field(1, ge=0, le=10, description="0 is blurred, 2 sharpened")
    gamma: float = Field(1, ge=0.1, le=10, description="above 1 brightens the middle tones: v -> 255 (v/255)^(1/gamma)")

    @property
    def scale_free(self) -> bool:
        return self.sharpness == 1

    @property
    def mixes_colors(self) -> bool:
        return self.saturation != 1 or self.hue % 360 != 0

    def apply(self, image: Image.Image) -> Image.Image:
        mask = visible(image)
        if self.sharpness != 1:
            image = spread_colors(image, 2)
        return on_color(image, lambda color: self._adjust(color, mask))

    def _adjust(self, color: Image.Image, mask: Image.Image | None) -> Image.Image:
        if self.brightness != 1:
            color = _map(color, lambda value: value * self.brightness)
        if self.contrast != 1:
            middle = round(ImageStat.Stat(color.convert("L"), mask).mean[0])
            color = _map(color, lambda value: middle + (value - middle) * self.contrast)
        if not has_grey(color):
            if self.saturation != 1:
                color = ImageEnhance.Color(color).enhance(self.saturation)
            if self.hue % 360:
                color = color.convert("RGB", hue_matrix(self.hue))
        if self.sharpness != 1:
            color = ImageEnhance.Sharpness(color).enhance(self.sharpness)
        if self.gamma != 1:
            color = _map(color, lambda value: 255 * (value / 255) ** (1 / self.gamma))
        return color


def _map(color: Image.Image, curve: Any) -> Image.Image:
    """Each channel through a curve, 0 to 255 to 0 to 255."""
    table = [max(0, min(255, round(curve(value)))) for value in range(256)]
    return color.point(table * len(color.getbands()))


def hue_matrix(degrees: float) -> tuple[float, ...]:
    """The 3 x 4 matrix on RGB that turns hues and keeps luminance.

    Source: W3C Filter Effects Module Level 1, feColorMatrix, `hueRotate`.
    """
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    red, green, blue = 0.213, 0.715, 0.072
    # fmt: off
    return (
        red + cos * (1 - red) - sin * red, green - cos * green - sin * green, blue - cos * blue + sin * (1 - blue), 0,
        red - cos * red + sin * 0.143, green + cos * (1 - green) + sin * 0.140, blue - cos * blue - sin * 0.283, 0,
        red - cos * red - sin * (1 - red), green - cos * green + sin * green, blue + cos * (1 - blue) + sin * blue, 0,
    )
    # fmt: on
