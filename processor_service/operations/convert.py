"""convert."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from ..declared import OpaqueColor
from ..picture import Picture
from . import Operation

Format = Literal["jpeg", "png", "webp"]


class Convert(Operation):
    """Say in which format and quality the picture is stored; without it, it keeps the format it came in."""

    output_only: ClassVar[bool] = True
    scale_free: ClassVar[bool] = True
    example: ClassVar[dict[str, Any]] = {"format": "jpeg", "quality": 85, "format_with_alpha": "png"}

    format: Format = Field(description="format to store")
    format_with_alpha: Literal["png", "webp"] | None = Field(
        None, description="format for pictures with transparent pixels"
    )
    quality: int = Field(85, ge=1, le=100, description="quality of lossy formats")
    background: OpaqueColor = Field(
        "#ffffff", description="colour behind transparent pixels when the format has no alpha"
    )

    def apply_to(self, picture: Picture) -> None:
        output = picture.output
        output.format, output.format_with_alpha = self.format, self.format_with_alpha
        output.quality, output.background = self.quality, self.background
