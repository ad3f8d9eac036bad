"""thumbnail."""

from __future__ import annotations

from typing import Any, ClassVar

import pybase64
from PIL import Image
from pydantic import Field

from ..encoders import encode_image
from ..operations.auto_orient import upright
from ..picture import Output, Picture, is_transparent
from . import Feature


class Thumbnail(Feature):
    """A small upright JPEG for lists and grids, over white where the picture is transparent."""

    produces: ClassVar[tuple[str, ...]] = ("thumbnail",)
    example: ClassVar[dict[str, Any]] = {"size": 256}

    size: int = Field(256, ge=16, le=1024, description="longest side in pixels")
    quality: int = Field(75, ge=1, le=100, description="JPEG quality")

    def extract(self, picture: Picture) -> dict[str, Any]:
        """The thumbnail as base64."""
        small = picture.image
        ratio = self.size / max(small.size)
        if ratio < 1:
            size = max(1, round(small.width * ratio)), max(1, round(small.height * ratio))
            # Halving first, then bicubic: half the time of straight bicubic, and no visible difference.
            small = small.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)
        small = upright(small, picture.orientation)
        output = Output(format="jpeg", quality=self.quality)
        data, _ = encode_image(small, "jpeg", output, transparent=is_transparent(small))
        return {"thumbnail": pybase64.b64encode_as_string(data)}
