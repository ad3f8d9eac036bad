"""redact."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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
from ..recognition.unseen import MIN_SCORE, Part, What, add, add_unless_there, lying, unseen
from . import Operation

# What is found again has to be below half of what `faces` takes for one, whatever score was looked for. At first lower,
# and below that score: scaling and encoding afterwards change it a little.
_SURELY, _OF_SCORE = 0.15, 0.6
_LEAST = 0.9 * SURE_FACE / 2
# How a face is hidden while it is still found (None: as the recipe says), how much more of its size its box grows by,
# and from which score it is found. One colour is the last resort. There is no face any more: a dark square in a window
# looks like one, until the window is gone.
_WAYS: tuple[tuple[How | None, float, float], ...] = (
    *((None, more, _SURELY) for more in (0.0, 0.15, 0.3)),
    *(("fill", more, _LEAST) for more in (0.3, 0.6, 1.0, 1.5)),
)
# Before that way, all faces grow when one is still found: to find each by itself takes longer.
_TOGETHER = 2
# Pixels of the long side. Squares that hide a face in a large picture may be taken for one when they are small.
_SIDES = (128, 192, 256, 384, 512, 768, 1920)


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
        faces are still found as such at first: the head around them tells. Others are found only now, beside those that
        are gone.
        """
        others = [box for each in found for kind, boxes in each.items() if kind != "faces" for box in boxes]
        frame = hide(frame, others, self.how, self.margin, letters=True)
        # Each face, and which of the ways it needs.
        boxes = [box for each in found for box in each.get("faces", ())]
        ways = [0] * len(boxes)
        while max(ways, default=0) < len(_WAYS):
            hidden = self._without(frame, boxes, ways)
            still, others = self._shown(hidden, picture, boxes, ways)
            if not still and not others:
                return hidden
            ways = [way + (number in still or bool(still and way < _TOGETHER)) for number, way in enumerate(ways)]
            ways += [max(ways)] * len(others)
            boxes += others
        raise ImageError(Code.CANNOT_REDACT, "a face is still found after it was hidden; crop it away")

    def _without(self, frame: Image.Image, boxes: list[Box], ways: list[int]) -> Image.Image:
        for number in sorted(set(ways)):
            how, more, _ = _WAYS[number]
            same = [box for box, way in zip(boxes, ways, strict=True) if way == number]
            frame = hide(frame, same, how or self.how, self.margin + more)
        return frame

    def _shown(
        self, hidden: Image.Image, picture: Picture, boxes: list[Box], ways: list[int]
    ) -> tuple[set[int], list[Box]]:
        """Which of the faces are still found, and those that are only found now that others are hidden."""
        least = [min(_WAYS[way][2], _OF_SCORE * self.min_score) for way in ways]
        still: set[int] = set()
        others: list[Box] = []
        looks = (look for view in views(hidden) for look in _looks(view, picture, boxes, min(least, default=_LEAST)))
        for look in looks:
            for score, found in look:
                touched = [number for number, box in enumerate(boxes) if found.common(box)]
                still |= {number for number in touched if score >= least[number]}
                if not touched and score >= max(_LEAST, 0.9 * self.min_score):
                    add_unless_there(others, [found])
            if still:
                break
        return still, others


def _looks(
    hidden: Image.Image, picture: Picture, boxes: list[Box], score: float
) -> Iterator[Iterable[tuple[float, Box]]]:
    """Faces that are still found, in each way in which they were looked for, and in copies as small as a thumbnail."""
    if not boxes:
        return
    whole = large(hidden, picture)
    for side in sorted({min(side, max(whole.size)) for side in _SIDES}):
        yield [(face.score, face.box) for face in faces(shrunk(whole, side), score, large=False)]
    for place, part in _parts(hidden, picture, boxes):
        yield [(face.score, face.box.within(place)) for face in faces(part, score, large=False)]
    yield ((_LEAST, box) for box in lying(whole, _LEAST))


def _parts(frame: Image.Image, picture: Picture, boxes: list[Box] | None = None) -> Iterator[Part]:
    """The parts of a large picture as people see them; only those with any of the boxes, if there are some."""
    for place in tiles(frame.size):
        if boxes is None or any(place.common(box) for box in boxes):
            yield place, upright_srgb(frame.crop(place.pixels(frame.size)), picture)
