"""resize."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Self

from PIL import Image
from pydantic import ConfigDict, Field, model_validator

from ..declared import Color, rgba
from ..picture import has_alpha, is_transparent
from . import Operation


class Resize(Operation):
    """Scale the picture (Lanczos) into a box.

    With one side given, the other follows from the picture's shape.
    """

    model_config = ConfigDict(json_schema_extra={"anyOf": [{"required": ["width"]}, {"required": ["height"]}]})
    example: ClassVar[dict[str, Any]] = {"width": 2048, "height": 2048}

    width: int | None = Field(None, ge=1, le=16384, description="width of the box in pixels")
    height: int | None = Field(None, ge=1, le=16384, description="height of the box in pixels")
    fit: Literal["inside", "cover", "fill", "pad"] = Field(
        "inside",
        description="`inside`: whole picture within the box; `cover`: fills the box, the rest is cut off; "
        "`fill`: stretched to the box; `pad`: `inside`, then padded to the box",
    )
    enlarge: bool = Field(False, description="whether a picture smaller than the box is enlarged")
    background: Color = Field("#ffffff", description="colour of the padding of `pad`")

    @model_validator(mode="after")
    def _one_side(self) -> Self:
        if not self.width and not self.height:
            raise ValueError("width or height is needed")
        return self

    def apply(self, image: Image.Image) -> Image.Image:
        box_width, box_height = self.box(*image.size)
        if self.fit == "cover":
            return self._cover(image, box_width, box_height)
        scaled = _scale(image, self.size(*image.size))
        if self.fit == "pad":
            return _pad(scaled, box_width, box_height, self.background)
        return scaled

    def box(self, width: int, height: int) -> tuple[int, int]:
        """The box in pixels for a picture of that size, the missing side filled in from the picture's shape."""
        box_width = self.width or max(1, round((self.height or 0) * width / height))
        return box_width, self.height or max(1, round(box_width * height / width))

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Size in pixels to which a picture of that size is scaled, before anything is cut off or padded."""
        box_width, box_height = self.box(width, height)
        if self.fit == "fill":
            if self.enlarge:
                return box_width, box_height
            return min(box_width, width), min(box_height, height)
        ratios = box_width / width, box_height / height
        ratio = max(ratios) if self.fit == "cover" else min(ratios)
        if not self.enlarge:
            ratio = min(ratio, 1.0)
        return max(1, round(width * ratio)), max(1, round(height * ratio))

    def _cover(self, image: Image.Image, box_width: int, box_height: int) -> Image.Image:
        width, height = image.size
        if not self.enlarge:
            # Not large enough for the box: the largest box of the same shape that the picture covers.
            shrink = min(1.0, width / box_width, height / box_height)
            box_width, box_height = max(1, round(box_width * shrink)), max(1, round(box_height * shrink))
        ratio = max(box_width / width, box_height / height)
        cut_width, cut_height = min(float(width), box_width / ratio), min(float(height), box_height / ratio)
        left, top = (width - cut_width) / 2, (height - cut_height) / 2
        return image.resize(
            (box_width, box_height), Image.Resampling.LANCZOS, box=(left, top, left + cut_width, top + cut_height)
        )


def _scale(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    # Pillow resizes LA and RGBA with premultiplied alpha: no dark fringes.
    return image if size == image.size else image.resize(size, Image.Resampling.LANCZOS)


def _pad(image: Image.Image, width: int, height: int, background: str) -> Image.Image:
    canvas = Image.new("RGBA", (width, height), rgba(background))
    canvas.paste(image.convert("RGBA"), ((width - image.width) // 2, (height - image.height) // 2))
    opaque = not has_alpha(image) and not is_transparent(canvas)
    return canvas.convert("RGB") if opaque else canvas
