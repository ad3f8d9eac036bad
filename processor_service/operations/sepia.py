"""sepia."""

from __future__ import annotations

from typing import Any, ClassVar

from PIL import Image
from pydantic import Field

from ..pixels.alpha import on_color
from . import ColorOperation

# Source: W3C Filter Effects Module Level 1, `sepia()`, rounded to three places.
_SEPIA = (
    (0.393, 0.769, 0.189),
    (0.349, 0.686, 0.168),
    (0.272, 0.534, 0.131),
)


class Sepia(ColorOperation):
    """Tone the picture brown, like an old photograph."""

    for_documents: ClassVar[bool] = True
    example: ClassVar[dict[str, Any]] = {"strength": 1}

    strength: float = Field(1, ge=0, le=1, description="0 leaves the colours, 1 replaces them")

    def apply(self, image: Image.Image) -> Image.Image:
        matrix = [
            value
            for row, weights in enumerate(_SEPIA)
            for value in (*(self._weight(weight, row == column) for column, weight in enumerate(weights)), 0)
        ]
        return on_color(image, lambda color: color.convert("RGB").convert("RGB", tuple(matrix)))

    def _weight(self, weight: float, diagonal: bool) -> float:
        return self.strength * weight + (1 - self.strength) * diagonal
