"""background."""

from __future__ import annotations

from typing import Any, ClassVar

from PIL import Image
from pydantic import Field

from ..parameters import OpaqueColor
from ..pixels.alpha import flatten
from . import ColorOperation


class Background(ColorOperation):
    """Lay the picture over a colour, so that it has no transparent pixels."""

    for_documents: ClassVar[bool] = True
    example: ClassVar[dict[str, Any]] = {"color": "#ffffff"}

    color: OpaqueColor = Field("#ffffff", description="the colour")

    def apply(self, image: Image.Image) -> Image.Image:
        return flatten(image, self.color)
