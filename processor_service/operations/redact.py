"""redact."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from PIL import Image
from pydantic import Field

from ..errors import Code, ImageError
from ..picture import Picture
from ..pixels.orientation import upright
from ..pixels.reduced import upright_srgb
from ..pixels.scaling import shrunk
from ..recognition.box import Box
from ..recognition.faces import MIN_SCORE as SURE_FACE
from ..recognition.faces import faces
from ..recognition.hide import MARGIN, How, hide
from ..recognition.of_picture import large
from ..recognition.tiles import MOST, tiles
from ..recognition.transparent import emptied, views
from ..recognition.unseen import MIN_SCORE, Part, What, add, lying, unseen
from . import Operation

# What is found again has to be below half of what `faces` takes for one, whatever score was looked for. At first lower,
# and below that score: scaling and encoding afterwards change it a little.
_SURELY, _OF_SCORE = 0.15, 0.6
_LEAST = 0.9 * SURE_FACE / 2
# The last resort, with how much more of its size a box grows by. There is no face any more: shoulders look like one.
_ONE_COLOR: tuple[tuple[How, float, float], ...] = (("fill", 0.3, _LEAST), ("fill", 0.6, _LEAST))
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
        description="`pixelate`, `blur` (no more can be known than of pixels), or `fill`; plates and text are filled",
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
        if len(tiles(picture.image.size)) > MOST:
            width, height = picture.image.size
            raise ImageError(
                Code.CANNOT_REDACT,
                f"{width} x {height} pixels are too many to find what is small in them; put [redact] behind [resize]",
            )
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
        first, *others = (
            unseen(large(view, picture), self.what, self.min_score, _parts(view, picture)) for view in views(frame)
        )
        for other in others:
            for kind, boxes in other.items():
                add(first[kind], boxes)
        return first

    def _hidden(self, frame: Image.Image, picture: Picture, found: list[dict[What, list[Box]]]) -> Image.Image:
        """The frame with everything hidden, until no face is found any more.

        Plates and text come first, so the squares of a face over them show the one colour they have by then. Small
        faces are still found as such at first: the head around them tells.
        """
        others = [box for each in found for kind, boxes in each.items() if kind != "faces" for box in boxes]
        frame = hide(frame, others, self.how, self.margin, letters=True)
        boxes = [box for each in found for box in each.get("faces", ())]
        score = min(_SURELY, _OF_SCORE * self.min_score)
        for how, more, least in (*((self.how, more, score) for more in (0.0, 0.15, 0.3)), *_ONE_COLOR):
            hidden = hide(frame, boxes, how, self.margin + more)
            if not any(_shows(view, picture, boxes, least) for view in views(hidden)):
                return hidden
        raise ImageError(Code.CANNOT_REDACT, "a face is still found after it was hidden; crop it away")


def _shows(hidden: Image.Image, picture: Picture, boxes: list[Box], score: float) -> bool:
    """Whether a face is found where one was hidden, even if the picture is made as small as a thumbnail."""
    return any(again.common(box) for again in _again(hidden, picture, boxes, score) for box in boxes)


def _again(hidden: Image.Image, picture: Picture, boxes: list[Box], score: float) -> Iterator[Box]:
    """Faces that are still found, in each way in which they were looked for."""
    if not boxes:
        return
    whole = large(hidden, picture)
    for side in sorted({min(side, max(whole.size)) for side in _SIDES}):
        yield from (face.box for face in faces(shrunk(whole, side), score))
    for place, part in _parts(hidden, picture, boxes):
        yield from (face.box.within(place) for face in faces(part, score))
    yield from lying(whole, _LEAST)


def _parts(frame: Image.Image, picture: Picture, boxes: list[Box] | None = None) -> Iterator[Part]:
    """The parts of a large picture as people see them; only those with any of the boxes, if there are some."""
    for place in tiles(frame.size):
        if boxes is None or any(place.common(box) for box in boxes):
            yield place, upright_srgb(frame.crop(place.pixels(frame.size)), picture)
