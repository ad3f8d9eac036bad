"""auto_contrast."""

from __future__ import annotations

from typing import Any, ClassVar

from PIL import Image, ImageOps
from pydantic import Field

from ..pixels.alpha import on_color, visible
from . import Operation


class AutoContrast(Operation):
    """Stretch the tones so that the darkest become black and the lightest white."""

    for_documents: ClassVar[bool] = True
    example: ClassVar[dict[str, Any]] = {"cutoff": 0.5}
    on_animations: ClassVar[str] = "each frame by itself, so brightness may change from one to the next"

    cutoff: float = Field(0, ge=0, le=49, description="percentage of pixels ignored at either end")
    keep_tone: bool = Field(True, description="one curve for all channels; else one each, which removes a colour cast")

    def apply(self, image: Image.Image) -> Image.Image:
        mask = visible(image)
        return on_color(
            image, lambda color: ImageOps.autocontrast(color, self.cutoff, mask=mask, preserve_tone=self.keep_tone)
        )
