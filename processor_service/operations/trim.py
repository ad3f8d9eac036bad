"""trim."""

from __future__ import annotations

from typing import Any, ClassVar

from PIL import Image, ImageChops
from pydantic import Field

from ..parameters import Color, rgba
from ..picture import Picture, has_alpha
from . import Operation

_Box = tuple[int, int, int, int]


class Trim(Operation):
    """Cut off a border of one colour, or a transparent one.

    The border's colour is that of most of the four corner pixels. A picture of one colour stays whole.
    """

    for_documents: ClassVar[bool] = True
    example: ClassVar[dict[str, Any]] = {"threshold": 10}
    on_animations: ClassVar[str] = "one box for all frames: what is border in every frame is cut off"

    threshold: int = Field(
        10, ge=0, le=254, description="largest difference from the border's colour, in any channel, that is border"
    )
    color: Color | None = Field(None, description="the border's colour, when it is known")

    def apply_to(self, picture: Picture) -> None:
        # In an animation, only what is border in every frame is cut off.
        boxes = [box for frame in picture.frames if (box := self.box(frame))]
        if not boxes:
            return
        lefts, tops, rights, bottoms = zip(*boxes, strict=True)
        box = min(lefts), min(tops), max(rights), max(bottoms)
        if box != (0, 0, *picture.image.size):
            picture.frames = [frame.crop(box) for frame in picture.frames]

    def box(self, image: Image.Image) -> _Box | None:
        """Left, top, right, bottom of what is not border; None when everything is."""
        # Premultiplied, all transparent pixels are equal, whatever colour they hide.
        pixels = image.convert("RGBA").convert("RGBa") if has_alpha(image) else image.convert("RGB")
        color = self._given(len(pixels.getbands())) or _border_color(pixels)
        boxes = []
        for channel, value in zip(pixels.split(), color, strict=True):
            different = ImageChops.difference(channel, Image.new("L", image.size, value))
            if box := different.point(lambda delta: 255 if delta > self.threshold else 0).getbbox():
                boxes.append(box)
        if not boxes:
            return None
        lefts, tops, rights, bottoms = zip(*boxes, strict=True)
        return min(lefts), min(tops), max(rights), max(bottoms)

    def _given(self, channels: int) -> tuple[int, ...] | None:
        if self.color is None:
            return None
        red, green, blue, alpha = rgba(self.color)
        if channels == 3:
            return red, green, blue
        return (*(round(value * alpha / 255) for value in (red, green, blue)), alpha)


def _border_color(pixels: Image.Image) -> tuple[int, ...]:
    right, bottom = pixels.width - 1, pixels.height - 1
    corners = [pixels.getpixel(at) for at in ((0, 0), (right, 0), (0, bottom), (right, bottom))]
    most = max(corners, key=corners.count)
    assert isinstance(most, tuple)
    return most
