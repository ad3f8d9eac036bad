"""thumbnail."""

from __future__ import annotations

from typing import Any, ClassVar

import pybase64
from pydantic import Field

from ..encoders import encode_image
from ..picture import Output, Picture, is_transparent
from ..scaling import scale
from . import Feature
from .reduced import reduced


class Thumbnail(Feature):
    """A small upright JPEG for lists and grids, over white where the picture is transparent."""

    produces: ClassVar[tuple[str, ...]] = ("thumbnail",)
    example: ClassVar[dict[str, Any]] = {"size": 256}

    size: int = Field(256, ge=16, le=1024, description="longest side in pixels")
    quality: int = Field(75, ge=1, le=100, description="JPEG quality")

    def extract(self, picture: Picture) -> dict[str, Any]:
        """The thumbnail as base64."""
        small = reduced(picture, self.size)
        if (ratio := self.size / max(small.size)) < 1:
            small = scale(small, (max(1, round(small.width * ratio)), max(1, round(small.height * ratio))))
        output = Output(format="jpeg", quality=self.quality)
        data, _ = encode_image(small, "jpeg", output, transparent=is_transparent(small))
        return {"thumbnail": pybase64.b64encode_as_string(data)}
