"""redact."""

from __future__ import annotations

from typing import Any, ClassVar

from PIL import Image
from pydantic import Field

from ..errors import Code, ImageError
from ..picture import Picture
from ..pixels.orientation import upright
from ..pixels.scaling import shrunk
from ..recognition.box import Box
from ..recognition.faces import faces
from ..recognition.hide import MARGIN, How, hide
from ..recognition.of_picture import large
from ..recognition.transparent import emptied, views
from ..recognition.unseen import MIN_SCORE, What, add, unseen
from . import Operation

# The last resort, with how much more of its size a box grows by.
_ONE_COLOR: tuple[tuple[How, float], ...] = (("fill", 0.3), ("fill", 0.6))
# Below the score that is looked for, as scaling and encoding afterwards change it a little.
_SURELY = 0.6
# Pixels of the long side. Squares that hide a face in a large picture may be taken for one when they are small.
_SIDES = (128, 256, 384, 512, 768, 1920)


class Redact(Operation):
    """Hide faces, number plates or text for good, before anything else is made of the picture.

    The original is stored nowhere: where recognition is not to be had, or fails, the document is refused, or recorded
    without its picture (docs/privacy.md). A picture that is still to be turned is turned upright. A detector misses
    some: what must never be seen needs a crop, or a person who looks.
    """

    protects: ClassVar[bool] = True
    recognizes: ClassVar[bool] = True
    conceals: ClassVar[str] = "what"
    example: ClassVar[dict[str, Any]] = {"what": ["faces", "plates"], "how": "pixelate"}
    on_animations: ClassVar[str] = "each frame, in the boxes of the frames before and after, too"

    what: list[What] = Field(min_length=1, max_length=3, description="`faces`, `plates`, `text`")
    how: How = Field(
        "pixelate",
        description="`pixelate`, `blur` (no more can be known than of pixels), or `fill`; plates and text are always filled",
    )
    margin: float = Field(MARGIN, ge=0, le=1, description="how much of its size a box grows by on each side")
    min_score: float = Field(
        MIN_SCORE,
        ge=0.05,
        le=1,
        description="how sure a face or plate must be; the default also hides some that are neither",
    )

    def apply_to(self, picture: Picture) -> None:
        picture.frames = [emptied(upright(frame, picture.orientation)) for frame in picture.frames]
        picture.orientation = 1
        found = [self._found(frame, picture) for frame in picture.frames]
        # What moves is blurred in one frame and seen in the next.
        picture.frames = [
            self._hidden(frame, picture, found[max(0, number - 1) : number + 2])
            for number, frame in enumerate(picture.frames)
        ]
        before = picture.redacted or {}
        hidden = {kind: max(len(each[kind]) for each in found) for kind in found[0]}
        # What an earlier one has hidden is not found any more.
        picture.redacted = {**before, **{kind: before.get(kind, 0) + number for kind, number in hidden.items()}}

    def _found(self, frame: Image.Image, picture: Picture) -> dict[What, list[Box]]:
        first, *others = (unseen(large(view, picture), self.what, self.min_score) for view in views(frame))
        for other in others:
            for kind, boxes in other.items():
                add(first[kind], boxes)
        return first

    def _hidden(self, frame: Image.Image, picture: Picture, found: list[dict[What, list[Box]]]) -> Image.Image:
        """The frame with everything hidden, until no face is found any more.

        Plates and text come first, so the squares of a face over them show the one colour they have by then. Small faces are still found as such at first: the head around them tells.
        """
        others = [box for each in found for kind, boxes in each.items() if kind != "faces" for box in boxes]
        frame = hide(frame, others, self.how, self.margin, letters=True)
        boxes = [box for each in found for box in each.get("faces", ())]
        for how, more in ((self.how, 0.0), (self.how, 0.15), (self.how, 0.3), *_ONE_COLOR):
            hidden = hide(frame, boxes, how, self.margin + more)
            if not any(self._shows(large(view, picture), boxes) for view in views(hidden)):
                return hidden
        raise ImageError(Code.CANNOT_REDACT, "a face is still found after it was hidden; crop it away")

    def _shows(self, hidden: Image.Image, boxes: list[Box]) -> bool:
        """Whether a face is found where one was hidden, even if the picture is made as small as a thumbnail."""
        own = max(hidden.size)
        for side in sorted({min(side, own) for side in _SIDES}) if boxes else ():
            again = faces(shrunk(hidden, side), _SURELY * self.min_score)
            if any(face.box.common(box) for face in again for box in boxes):
                return True
        return False
