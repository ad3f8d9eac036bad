"""resize."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from PIL import Image
from pydantic import Field

from ..parameters import Color, Rule
from ..picture import Picture
from ..pixels.alpha import canvas
from ..pixels.gravity import Gravity, offset
from ..pixels.saliency import salient_offset
from ..pixels.scaling import scale
from . import Operation, Size, longer, shorter


class Resize(Operation):
    """Scale the picture (Lanczos) into a box.

    With one side given, the other follows from the picture's shape.
    """

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("width or height is needed", ({"required": ["width"]}, {"required": ["height"]})),
    )
    for_documents: ClassVar[bool] = True
    example: ClassVar[dict[str, Any]] = {"width": 2048, "height": 2048}
    on_animations: ClassVar[str] = "each frame; `cover` keeps the same part of all, `smart` looks at the first"

    width: int | None = Field(None, ge=1, le=16384, description="width of the box in pixels")
    height: int | None = Field(None, ge=1, le=16384, description="height of the box in pixels")
    fit: Literal["inside", "cover", "fill", "pad"] = Field(
        "inside",
        description="`inside`: whole picture within the box; `cover`: fills the box, the rest is cut off; "
        "`fill`: stretched to the box; `pad`: `inside`, then padded to the box",
    )
    gravity: Gravity = Field(
        "center",
        description="the part that `cover` keeps (`smart`: the most salient one), or the place of the picture in `pad`",
    )
    enlarge: bool = Field(False, description="whether a picture smaller than the box is enlarged")
    dpr: float = Field(1, ge=0.1, le=8, description="device pixel ratio: the box is that many times larger")
    background: Color = Field("#ffffff", description="colour of the padding of `pad`")

    @property
    def mixes_colors(self) -> bool:
        return self.fit == "pad"

    def size_after(self, width: int, height: int) -> tuple[int, int]:
        if self.fit == "cover":
            return self._cover_size(width, height)
        return self.box(width, height) if self.fit == "pad" else self.size(width, height)

    def most(self, own: Size, before: Size | None) -> Size:
        box = self.box(*own)
        return longer(box, box) if self.enlarge or self.fit == "pad" else shorter(box, before)

    def apply_to(self, picture: Picture) -> None:
        if self.fit != "cover":
            super().apply_to(picture)
            return
        size = self._cover_size(*picture.image.size)
        scaled = [scale(frame, self._covering(*frame.size)) for frame in picture.frames]
        # One cut for all frames. Otherwise an animation would jump about.
        left, top = self._cut(scaled[0], size)
        picture.frames = [frame.crop((left, top, left + size[0], top + size[1])) for frame in scaled]

    def apply(self, image: Image.Image) -> Image.Image:
        scaled = scale(image, self.size(*image.size))
        if self.fit != "pad":
            return scaled
        padded = canvas(self.box(*image.size), self.background, scaled)
        # Padding has no salient part.
        gravity = "center" if self.gravity == "smart" else self.gravity
        padded.paste(scaled.convert(padded.mode), offset(padded.size, scaled.size, gravity))
        return padded

    def box(self, width: int, height: int) -> tuple[int, int]:
        """The box in pixels for a picture of that size. A missing side follows from the picture's shape."""
        box_width = self._scaled(self.width) or max(1, round((self._scaled(self.height) or 0) * width / height))
        return box_width, self._scaled(self.height) or max(1, round(box_width * height / width))

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Size in pixels to which a picture of that size is scaled, before anything is cut off or padded."""
        box_width, box_height = self.box(width, height)
        if self.fit == "fill":
            if self.enlarge:
                return box_width, box_height
            return min(box_width, width), min(box_height, height)
        # A side that was not given is rounded, so it does not count.
        ratios = [
            ratio for ratio, given in ((box_width / width, self.width), (box_height / height, self.height)) if given
        ]
        ratio = max(ratios) if self.fit == "cover" else min(ratios)
        if not self.enlarge:
            ratio = min(ratio, 1.0)
        return max(1, round(width * ratio)), max(1, round(height * ratio))

    def _scaled(self, side: int | None) -> int | None:
        return side and max(1, round(side * self.dpr))

    def _cover_size(self, width: int, height: int) -> tuple[int, int]:
        box_width, box_height = self.box(width, height)
        if self.enlarge:
            return box_width, box_height
        # If the picture is smaller than the box: the largest box of the same shape that it covers.
        shrink = min(1.0, width / box_width, height / box_height)
        return max(1, round(box_width * shrink)), max(1, round(box_height * shrink))

    def _covering(self, width: int, height: int) -> tuple[int, int]:
        """The size that covers the result of `cover` for a picture of that size, by at most a pixel."""
        cover = self._cover_size(width, height)
        scaled = self.size(width, height)
        return max(cover[0], scaled[0]), max(cover[1], scaled[1])

    def _cut(self, image: Image.Image, size: tuple[int, int]) -> tuple[int, int]:
        """Left and top of the part of that size that `cover` keeps of the scaled image."""
        if self.gravity == "smart":
            left, top = salient_offset(image, *size)
            return min(int(left), image.width - size[0]), min(int(top), image.height - size[1])
        return offset(image.size, size, self.gravity)
