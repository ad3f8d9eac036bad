"""Operations: one file each, with its parameters, docstring, example and `apply`."""

from __future__ import annotations

import sys
from typing import Any, ClassVar

from PIL import Image

from ..declared import Declared, scan
from ..picture import Picture


class Operation(Declared):
    """One step of a recipe. Its parameters are the model's fields."""

    # True for operations that only say how the picture is written. They hold for a normalized picture too; the others
    # were applied to it once and are not applied again.
    output_only: ClassVar[bool] = False
    # True when a picture may be decoded at a smaller scale before this operation without changing what it does.
    scale_free: ClassVar[bool] = False

    def apply(self, image: Image.Image) -> Image.Image:
        """Process one image of mode L, LA, RGB or RGBA and return it in one of those modes."""
        raise TypeError(f"operation {self.name()} implements neither apply nor apply_to")

    def apply_to(self, picture: Picture) -> None:
        """Process the picture; override only what needs more than pixels."""
        picture.frames = [self.apply(frame) for frame in picture.frames]


def all_operations() -> dict[str, Any]:
    """Every operation by name."""
    return scan(sys.modules[__name__], Operation)
