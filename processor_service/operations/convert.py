"""convert."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from ..parameters import OpaqueColor, Rule
from ..picture import Picture
from . import Operation

Format = Literal["jpeg", "jpg", "png", "webp", "avif", "gif"]


class Convert(Operation):
    """Choose the format and quality in which the picture is stored; by default the original's format."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "lossless needs format png or webp",
            (
                {"properties": {"lossless": {"const": False}}},
                {"required": ["format"], "properties": {"format": {"enum": ["png", "webp"]}}},
            ),
        ),
    )
    output_only: ClassVar[bool] = True
    on_animations: ClassVar[str] = (
        "all frames in `png`, `webp`, `avif`, `gif`, the first in `jpeg`; `max_bytes` is for all together"
    )
    example: ClassVar[dict[str, Any]] = {"format": "jpeg", "quality": 85, "format_with_alpha": "png"}

    format: Format | None = Field(None, description="format to store (`jpg` is `jpeg`); default: the original's")
    format_with_alpha: Literal["png", "webp", "avif", "gif"] | None = Field(
        None, description="format for pictures with transparent pixels"
    )
    quality: int | None = Field(
        None,
        ge=1,
        le=100,
        description="quality of lossy formats; default: `jpeg` 85, `webp` 80, `avif` 65; a JPEG that keeps its size "
        "and is only turned keeps its own quantization if that is coarser",
    )
    lossless: bool = Field(False, description="every pixel stays as it is; `webp`, and `png` in any case")
    progressive: bool = Field(False, description="`jpeg` that appears early; a little smaller and slower")
    chroma: Literal["4:4:4", "4:2:2", "4:2:0"] | None = Field(
        None, description="resolution of colours in `jpeg` and `avif` (`webp` has 4:2:0 only); default: 4:2:0"
    )
    max_bytes: int | None = Field(
        None,
        ge=100,
        le=100_000_000,
        description="the best quality, at most `quality`, at which the picture has no more bytes; above 4 megapixels "
        "(all frames together) one that fills nine tenths of them is good enough",
    )
    min_quality: int = Field(
        10, ge=1, le=100, description="if `max_bytes` needs a lower quality, the picture is refused"
    )
    background: OpaqueColor = Field(
        "#ffffff", description="colour behind transparent pixels when the format has no alpha"
    )

    @model_validator(mode="after")
    def _quality_in_order(self) -> Self:
        if self.quality is not None and "min_quality" in self.model_fields_set and self.min_quality > self.quality:
            raise ValueError("min_quality must not be above quality")
        return self

    def apply_to(self, picture: Picture) -> None:
        output = picture.output
        # What people write. As in every recipe, another spelling is another recipe.
        output.format = "jpeg" if self.format == "jpg" else self.format
        output.format_with_alpha = self.format_with_alpha
        output.quality, output.background = self.quality, self.background
        output.lossless, output.progressive, output.chroma = self.lossless, self.progressive, self.chroma
        output.max_bytes, output.min_quality = self.max_bytes, self.min_quality
