"""watermark."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from PIL import Image
from pydantic import Field, model_validator

from ...parameters import ABSENT, OpaqueColor, Rule
from ...picture import has_grey
from ...pixels.gravity import Direction, offset
from .. import Operation
from .stamp import check_text, picture_stamp, text_stamp

_MOST = 100_000


class Watermark(Operation):
    """Lay a text or a picture over the picture."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "either text or image is needed",
            (
                {"required": ["text"], "properties": {"image": ABSENT}},
                {"required": ["image"], "properties": {"text": ABSENT}},
            ),
        ),
    )
    for_documents: ClassVar[bool] = True
    protects: ClassVar[bool] = True
    example: ClassVar[dict[str, Any]] = {"text": "© Example", "gravity": "southeast", "opacity": 0.6}

    text: str | None = Field(
        None, min_length=1, max_length=100, description="text of one line: Latin, Greek, Cyrillic, common signs"
    )
    image: str | None = Field(
        None,
        min_length=1,
        max_length=_MOST,
        pattern="^[A-Za-z0-9+/]+={0,2}$",
        description="instead of a text: a PNG of at most 1 megapixel, base64",
    )
    gravity: Direction = Field("southeast", description="its place")
    margin: float = Field(
        0.02, ge=0, le=0.5, description="distance from the edge, as a share of the picture's shorter side"
    )
    scale: float = Field(0.25, gt=0, le=1, description="its width, as a share of the picture's; its height always fits")
    opacity: float = Field(0.5, ge=0, le=1, description="0 is invisible, 1 is opaque")
    color: OpaqueColor = Field("#ffffff", description="colour of the text; it is outlined in black or white")

    @model_validator(mode="after")
    def _can_be_drawn(self) -> Self:
        if self.image is not None:
            picture_stamp(self.image)
        if self.text is not None:
            check_text(self.text)
        return self

    @property
    def mixes_colors(self) -> bool:
        return True

    def apply(self, image: Image.Image) -> Image.Image:
        margin = round(min(image.size) * self.margin)
        room = max(1, image.width - 2 * margin), max(1, image.height - 2 * margin)
        wanted = min(room[0], max(1, round(image.width * self.scale))), room[1]
        stamp = picture_stamp(self.image) if self.image else text_stamp(self.text or "", self.color, wanted)
        ratio = min(wanted[0] / stamp.width, wanted[1] / stamp.height)
        size = max(1, round(stamp.width * ratio)), max(1, round(stamp.height * ratio))
        stamp = stamp.resize(size, Image.Resampling.LANCZOS)
        stamp.putalpha(stamp.getchannel("A").point(lambda value: value * self.opacity))
        left, top = offset(room, size, self.gravity)
        return _laid_over(image, stamp, (min(margin + left, image.width - 1), min(margin + top, image.height - 1)))


def _laid_over(image: Image.Image, stamp: Image.Image, at: tuple[int, int]) -> Image.Image:
    has_color = has_grey(image) and stamp.convert("RGB").convert("HSV").getchannel("S").getextrema() != (0, 0)
    result = image.convert({"L": "RGB", "LA": "RGBA"}[image.mode]) if has_color else image.copy()
    box = (*at, min(result.width, at[0] + stamp.width), min(result.height, at[1] + stamp.height))
    below = result.crop(box).convert("RGBA")
    below.alpha_composite(stamp)
    result.paste(below.convert(result.mode), box)
    return result
