"""labels."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from ..fields import KEYWORD, WORDS, DocumentField
from ..picture import Picture
from ..recognition.labels import MADE_BY, MIN_PROBABILITY
from ..recognition.of_picture import seen
from . import Feature


class Labels(Feature):
    """English words for what is shown, from specific to general: tabby, cat, animal."""

    fields: ClassVar[tuple[DocumentField, ...]] = (
        DocumentField("labels", "words for what is shown, from specific to general", WORDS, many=True),
        DocumentField("labels_model", f"what found them, with its version: `{MADE_BY}`", KEYWORD),
    )
    default: ClassVar[bool] = False
    recognizes: ClassVar[bool] = True
    later: ClassVar[bool] = True
    maker_field: ClassVar[str] = "labels_model"
    uses: ClassVar[tuple[str, ...]] = ("faces",)
    example: ClassVar[dict[str, Any]] = {"min_probability": 0.6}

    min_probability: float = Field(
        MIN_PROBABILITY,
        ge=0.1,
        le=1,
        description="words that are less probable are left out; those of few kinds (tabby, cat) or very many (animal) "
        "have to be surer",
    )

    def extract(self, picture: Picture) -> dict[str, Any]:
        """The words; none when none is probable enough."""
        # Faces, which say that there are people, count when the recipe looks for them before.
        faces = len(picture.made["faces"][1]) if "faces" in picture.made else 0
        found = seen(picture).labels(self.min_probability, faces)
        return {"labels_model": MADE_BY} | ({"labels": [label.word for label in found]} if found else {})
