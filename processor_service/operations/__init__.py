"""Operations: one file each, with its parameters, docstring, example and `apply`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any, ClassVar

from PIL import Image

from ..color.profiles import make_srgb
from ..picture import Picture
from ..pixels.modes import same_mode
from ..registry import RecipeEntry, scan

Size = tuple[int, int]


class Operation(RecipeEntry):
    """One step of a recipe. Its parameters are the model's fields."""

    # True for operations that only say how the picture is stored. They also apply to a normalized picture. All others
    # were applied to it once, and are not applied again.
    output_only: ClassVar[bool] = False
    # Whether a document may ask for it when its pipeline does not say otherwise. These are operations that people use
    # to update a picture. Operations that would undo the recipe's limits or privacy are not among them.
    for_documents: ClassVar[bool] = False
    # Whether it hides or signs something that later operations could undo. Then a document may ask only for operations
    # that the pipeline lists.
    protects: ClassVar[bool] = False
    # Its parameter that says what must not be seen, by the names of properties: they would find nothing afterwards, and
    # the original must not be stored anywhere, even if the picture is refused. Empty: it hides nothing like that.
    conceals: ClassVar[str] = ""
    # What it does with an animation when all frames are kept; shown in the docs of each operation.
    on_animations: ClassVar[str] = "each frame"

    @property
    def scale_free(self) -> bool:
        """Whether a picture may be decoded at a smaller scale before this operation without changing what it does."""
        return self.output_only

    @property
    def mixes_colors(self) -> bool:
        """Whether it adds colours or weighs channels in sRGB. Then the picture is converted to sRGB before."""
        return False

    @property
    def keeps_frames(self) -> bool:
        """Whether it needs all frames of an animation."""
        return False

    def concealed(self) -> list[str]:
        """Names of the properties that find nothing after it."""
        return list(getattr(self, self.conceals)) if self.conceals else []

    def size_after(self, width: int, height: int) -> tuple[int, int]:
        """The largest size, in pixels, that it can make of a picture of this size.

        The pipeline asks before the operation, so that a size that is too large is refused before it takes memory.
        """
        return width, height

    def most(self, own: Size, before: Size | None) -> Size | None:
        """The longest long and short side of a picture after it; None when it may be as large as it came in.

        `own`: the size of a picture that the recipe has made, whose shape it has. `before`: the same before it.
        """
        return before and longer(self.size_after(*before), self.size_after(*reversed(before)))

    def apply(self, image: Image.Image) -> Image.Image:
        """Process one image of mode L, LA, RGB or RGBA and return it in one of those modes."""
        raise TypeError(f"operation {self.name()} implements neither apply nor apply_to")

    def apply_to(self, picture: Picture) -> None:
        """Process the picture, frame by frame. Override it only if the pixels of one frame are not enough."""
        if self.mixes_colors:
            make_srgb(picture)
        picture.frames = same_mode([self.apply(frame) for frame in picture.frames])


class ColorOperation(Operation):
    """An operation that changes each colour by itself, in sRGB."""

    @property
    def scale_free(self) -> bool:
        return True

    @property
    def mixes_colors(self) -> bool:
        return True


def longer(one: Size, other: Size) -> Size:
    """The longer of both long sides, and of both short sides: operations may turn the picture."""
    return max(*one, *other), max(min(one), min(other))


def shorter(one: Size, other: Size | None) -> Size:
    """The shorter of both long sides, and of both short sides, if there is another size."""
    return min(max(one), max(other or one)), min(*one, *(other or one))


def wants_all_frames(operations: Iterable[Operation]) -> bool:
    """Whether an animation must be decoded with all its frames. Otherwise its first frame is the picture."""
    return any(operation.keeps_frames for operation in operations)


def all_operations() -> dict[str, Any]:
    """Every operation by name."""
    return scan(sys.modules[__name__], Operation)
