"""plates."""

from __future__ import annotations

from typing import Any, ClassVar

from ..fields import KEYWORD, NOT_INDEXED, DocumentField, box_fields
from ..picture import Picture
from ..recognition.of_picture import plates_of
from ..recognition.plates import MADE_BY
from . import Feature


class Plates(Feature):
    """Number plates of vehicles: EU, US, Brazil, China.

    A plate is searched by `plates_folded`, in which O, Q, D and 0 are 0; I, L and 1 are 1; B is 8, S is 5, Z is 2, G
    is 6: what is easily confused is found all the same.
    """

    fields: ClassVar[tuple[DocumentField, ...]] = (
        DocumentField("plates", "number plates, upper case without separators, best first", KEYWORD, many=True),
        DocumentField("plates_folded", "the same with O as 0, I as 1, B as 8, ...: to search by", KEYWORD, many=True),
        DocumentField("plate_boxes", "the plates with their places; kept, not searched", NOT_INDEXED, many=True),
        *box_fields("plate_boxes", text="the plate"),
        DocumentField("plates_model", f"what found them, with its version: `{MADE_BY}`", KEYWORD),
    )
    default: ClassVar[bool] = False
    recognizes: ClassVar[bool] = True
    later: ClassVar[bool] = True
    maker_field: ClassVar[str] = "plates_model"

    def extract(self, picture: Picture) -> dict[str, Any]:
        """No plates when there is none."""
        found = plates_of(picture)
        if not found:
            return {"plates_model": MADE_BY}
        return {
            "plates_model": MADE_BY,
            "plates": list(dict.fromkeys(plate.text for plate in found)),
            "plates_folded": list(dict.fromkeys(plate.folded for plate in found)),
            "plate_boxes": [
                {"text": plate.text, "score": round(plate.score, 3), "box": plate.box.fields()} for plate in found
            ],
        }
