"""faces."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from ..fields import INTEGER, KEYWORD, NESTED, NOT_INDEXED, RANKED_EXACTLY, DocumentField, box_fields
from ..picture import Picture
from ..recognition import faces
from ..recognition.identity import DIMS, MOST, NAME, Identity
from ..recognition.of_picture import faces_of, identities_of
from . import Feature

# The largest; the node accepts no more.
_MOST_BOXES = 1000
# Ranked exactly, since the threshold is one of exact distances.
_VECTOR: dict[str, Any] = {
    "type": "dense_vector",
    "dims": DIMS,
    "index": True,
    "similarity": "l2_norm",
    "index_options": RANKED_EXACTLY,
}


class Faces(Feature):
    """How many faces there are, and where; not whose they are, unless `identity` asks for that.

    `identity` stores a vector of each face, by which the same person is found in other pictures. That is biometric
    data: docs/privacy.md says what laws ask. It needs the extra `identity`.
    """

    fields: ClassVar[tuple[DocumentField, ...]] = (
        DocumentField("face_count", "number of faces", INTEGER),
        DocumentField("faces", "their places, the largest first; kept, not searched", NOT_INDEXED, many=True),
        *box_fields("faces"),
        DocumentField("face_vectors", "whose faces they are (only with `identity`), largest first", NESTED, many=True),
        DocumentField("face_vectors.vector", "128 numbers of a face, near those of the same person", _VECTOR),
        DocumentField("face_vectors.embedder", "what made the vector: `dlib-resnet-v1`", KEYWORD),
        DocumentField("face_vectors.box", "where the face is; kept, not searched", NOT_INDEXED),
        *box_fields("face_vectors", scored=False),
        DocumentField(
            "faces_model",
            f"what found them, with its version: `{faces.MADE_BY}`, with `identity` `{faces.MADE_BY}+{NAME}`",
            KEYWORD,
        ),
    )
    default: ClassVar[bool] = False
    recognizes: ClassVar[bool] = True
    later: ClassVar[bool] = True
    maker_field: ClassVar[str] = "faces_model"

    identity: bool = Field(
        False,
        description=f"also store whose they are: a vector for each of the {MOST} largest, by which a person is found "
        "again. That is biometric data",
    )

    def extract(self, picture: Picture) -> dict[str, Any]:
        """A count of 0 and no `faces` when there is none."""
        found = faces_of(picture)
        boxes = [{"score": round(face.score, 3), "box": face.box.fields()} for face in found[:_MOST_BOXES]]
        made_by = f"{faces.MADE_BY}+{NAME}" if self.identity else faces.MADE_BY
        fields = {"face_count": len(found), "faces_model": made_by} | ({"faces": boxes} if boxes else {})
        known = identities_of(picture) if self.identity else []
        return fields | ({"face_vectors": [_stored(each) for each in known]} if known else {})


def _stored(known: Identity) -> dict[str, Any]:
    return {"vector": known.fields(), "embedder": NAME, "box": known.face.box.fields()}
