"""faces."""

from __future__ import annotations

from typing import Any, ClassVar

from ..fields import INTEGER, NOT_INDEXED, DocumentField, box_fields
from ..picture import Picture
from ..recognition.of_picture import faces_of
from . import Feature

# The largest; the node accepts no more.
_MOST_BOXES = 1000


class Faces(Feature):
    """How many faces are to be seen, and where; not whose they are."""

    fields: ClassVar[tuple[DocumentField, ...]] = (
        DocumentField("face_count", "number of faces", INTEGER),
        DocumentField("faces", "their places, the largest first; kept, not searched", NOT_INDEXED, many=True),
        *box_fields("faces"),
    )
    default: ClassVar[bool] = False
    recognizes: ClassVar[bool] = True

    def extract(self, picture: Picture) -> dict[str, Any]:
        """A count of 0 and no `faces` when there is none."""
        found = faces_of(picture)
        boxes = [{"score": round(face.score, 3), "box": face.box.fields()} for face in found[:_MOST_BOXES]]
        return {"face_count": len(found)} | ({"faces": boxes} if boxes else {})
