"""thumbnail."""

from __future__ import annotations

from typing import Any, ClassVar

import pybase64
from pydantic import Field

from ..encoding.encode import encode_image
from ..fields import BINARY, DocumentField
from ..picture import Output, Picture, is_transparent
from ..pixels.reduced import SIDE, reduced, upright_size, upright_srgb
from ..pixels.scaling import scale, within
from . import Feature


class Thumbnail(Feature):
    """A small upright JPEG for lists and grids, over white where the picture is transparent."""

    fields: ClassVar[tuple[DocumentField, ...]] = (
        DocumentField("thumbnail", "a small JPEG, base64", BINARY, holds_picture=True),
    )
    example: ClassVar[dict[str, Any]] = {"size": 256}

    size: int = Field(256, ge=16, le=1024, description="longest side in pixels")
    quality: int = Field(75, ge=1, le=100, description="JPEG quality")

    def extract(self, picture: Picture) -> dict[str, Any]:
        """The thumbnail as base64."""
        # The small copy is sharp enough if it is twice as large. Larger thumbnails are made from the picture itself.
        if 2 * self.size <= SIDE:
            small = scale(reduced(picture), within(upright_size(picture), self.size))
        else:
            small = upright_srgb(scale(picture.image, within(picture.image.size, self.size)), picture)
        output = Output(format="jpeg", quality=self.quality)
        data, _ = encode_image(small, "jpeg", output, transparent=is_transparent(small))
        return {"thumbnail": pybase64.b64encode_as_string(data)}
