"""tint."""

from __future__ import annotations

from typing import Any, ClassVar

from PIL import Image
from pydantic import Field

from ..parameters import OpaqueColor, rgba
from ..pixels.alpha import on_color
from . import ColorOperation


class Tint(ColorOperation):
    """Tone the picture in one colour: black and white stay, and the tones between get the colour."""

    for_documents: ClassVar[bool] = True
    example: ClassVar[dict[str, Any]] = {"color": "#3366cc"}

    color: OpaqueColor = Field(description="the colour")
    strength: float = Field(1, ge=0, le=1, description="0 leaves the colours, 1 replaces them")

    def apply(self, image: Image.Image) -> Image.Image:
        return on_color(image, self._tinted)

    def _tinted(self, color: Image.Image) -> Image.Image:
        luma = color.convert("L")
        tinted = Image.merge("RGB", [luma.point(curve) for curve in self._curves()])
        return tinted if self.strength == 1 else Image.blend(color.convert("RGB"), tinted, self.strength)

    def _curves(self) -> list[list[int]]:
        """For each channel, its value at each luma: from black to the colour, at the colour's own luma, on to white."""
        red, green, blue, _ = rgba(self.color)
        own = min(254, max(1, round(0.299 * red + 0.587 * green + 0.114 * blue)))
        return [
            [
                round(channel * luma / own if luma <= own else channel + (255 - channel) * (luma - own) / (255 - own))
                for luma in range(256)
            ]
            for channel in (red, green, blue)
        ]
