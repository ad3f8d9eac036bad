"""adjust."""

from __future__ import annotations

from typing import Any, ClassVar

from PIL import Image, ImageEnhance
from pydantic import Field

from ..picture import has_alpha
from . import Operation


class Adjust(Operation):
    """Change brightness, contrast, saturation, sharpness and gamma, in this order; 1 leaves each as it is."""

    example: ClassVar[dict[str, Any]] = {"brightness": 1.1, "saturation": 1.2}

    brightness: float = Field(1, ge=0, le=10, description="0 is black, 2 twice as bright")
    contrast: float = Field(1, ge=0, le=10, description="0 is uniform grey")
    saturation: float = Field(1, ge=0, le=10, description="0 is grey")
    sharpness: float = Field(1, ge=0, le=10, description="0 is blurred, 2 sharpened")
    gamma: float = Field(1, ge=0.1, le=10, description="above 1 brightens the middle tones: v -> 255 (v/255)^(1/gamma)")

    def apply(self, image: Image.Image) -> Image.Image:
        alpha = image.getchannel("A") if has_alpha(image) else None
        color = image.convert(image.mode[:-1]) if alpha else image
        for factor, enhancer in (
            (self.brightness, ImageEnhance.Brightness),
            (self.contrast, ImageEnhance.Contrast),
            (self.saturation, ImageEnhance.Color),
            (self.sharpness, ImageEnhance.Sharpness),
        ):
            if factor != 1:
                color = enhancer(color).enhance(factor)
        if self.gamma != 1:
            table = [round(255 * (value / 255) ** (1 / self.gamma)) for value in range(256)]
            color = color.point(table * len(color.getbands()))
        if alpha:
            color.putalpha(alpha)
        return color
