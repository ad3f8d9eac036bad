"""thumbnail."""

from __future__ import annotations

from typing import Any, ClassVar

import pybase64
from PIL import Image
from pydantic import Field

from ..encoders import encode_image
from ..picture import Output, Picture, is_transparent
from . import Feature
from .reduced import reduced, shrunk


class Thumbnail(Feature):
    """A small upright JPEG for lists and grids, over white where the picture is transparent."""

    produces: ClassVar[tuple[str, ...]] = ("thumbnail",)
    example: ClassVar[dict[str, Any]] = {"size": 256}

    size: int = Field(256, ge=16, le=1024, description="longest side in pixels")
    quality: int = Field(75, ge=1, le=100, description="JPEG quality")

    def extract(self, picture: Picture) -> dict[str, Any]:
        """The thumbnail as base64."""
        small = shrunk(reduced(picture, self.size), self.size, Image.Resampling.BICUBIC, reducing_gap=1.5)
        output = Output(format="jpeg", quality=self.quality)
        data, _ = encode_image(small, "jpeg", output, transparent=is_transparent(small))
        return {"thumbnail": pybase64.b64encode_as_string(data)}
