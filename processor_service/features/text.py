"""text."""

from __future__ import annotations

from typing import Any, ClassVar

from ..fields import KEYWORD, NOT_INDEXED, DocumentField, box_fields
from ..metadata.text import MOST_CHARACTERS, MOST_OF_CAPTION
from ..picture import Picture
from ..recognition.of_picture import page
from ..recognition.text import MADE_BY, lines, plain
from . import Feature

# More than anybody reads in one picture; the node accepts no more.
_MOST_LINES = 1000


class Text(Feature):
    """The text in the picture: Chinese, Japanese, English and other languages in Latin letters.

    It is read once for `text` and `plates`. Which scripts cannot be read: docs/recognition.md.
    """

    fields: ClassVar[tuple[DocumentField, ...]] = (
        DocumentField("text", "the text in reading order, a line a row; searched by words", {"type": "text"}),
        DocumentField("text_lines", "its lines with their places; kept, not searched", NOT_INDEXED, many=True),
        *box_fields("text_lines", text="the line"),
        DocumentField("text_model", f"what read it, with its version: `{MADE_BY}`", KEYWORD),
    )
    default: ClassVar[bool] = False
    recognizes: ClassVar[bool] = True
    later: ClassVar[bool] = True
    maker_field: ClassVar[str] = "text_model"

    def extract(self, picture: Picture) -> dict[str, Any]:
        """No text when there is none."""
        found = lines(page(picture))[:_MOST_LINES]
        if not found:
            return {"text_model": MADE_BY}
        return {
            "text_model": MADE_BY,
            "text": plain(found)[:MOST_OF_CAPTION],
            "text_lines": [
                {"text": line.text[:MOST_CHARACTERS], "score": round(line.score, 3), "box": line.box.fields()}
                for line in found
            ],
        }
