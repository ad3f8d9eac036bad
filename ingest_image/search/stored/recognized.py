"""What was recognized in a stored picture: words, faces, text, number plates, and where they are."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pipelines.cluster.sources import flat
from pipelines.wording import counted, shortened

from .picture import DocumentPicture, first_object, number, objects, text

# More are not shown: a page with thousands of boxes helps nobody.
_MOST_BOXES = 300
_MOST_FACES = 50
_MOST_LABELS = 4
_LONGEST_TEXT = 24


class BoxKind(StrEnum):
    """What is in a box."""

    FACE = "face"
    PLATE = "plate"
    TEXT = "text"


_HIDDEN = {"faces": "face", "plates": "plate", "text": "text"}
# The field that has the boxes of each.
_FIELDS = {BoxKind.FACE: "faces", BoxKind.PLATE: "plate_boxes", BoxKind.TEXT: "text_lines"}


@dataclass(frozen=True)
class Mark:
    """A box in the picture: fractions of its sides, 0 to 1, and what is read there."""

    kind: BoxKind
    x: float
    y: float
    width: float
    height: float
    text: str = ""
    # Of a face whose person can be looked for: which one it is, from 1.
    number: int | None = None


@dataclass(frozen=True)
class Recognized:
    """All that was recognized in a picture. `faces` is None if nobody looked for faces."""

    labels: tuple[str, ...] = ()
    faces: int | None = None
    text: str = ""
    plates: tuple[str, ...] = ()
    marks: tuple[Mark, ...] = ()
    # How many of the faces have a vector, by which the person is found in other pictures.
    known_faces: int = 0
    # What `redact` has hidden: `2 faces`.
    hidden: tuple[str, ...] = ()

    @property
    def is_any(self) -> bool:
        """Whether anything was looked for and there is something to say about it."""
        return bool(self.labels or self.faces is not None or self.text or self.plates or self.hidden)

    @property
    def kinds(self) -> list[BoxKind]:
        """The kinds of boxes that there are."""
        found = {mark.kind for mark in self.marks}
        return [kind for kind in BoxKind if kind in found]

    def __str__(self) -> str:
        """`tabby, cat, animal · 1 face · 'STOP' · plate BXY123`; empty if there is nothing."""
        read = " ".join(self.text.split())
        parts = [
            ", ".join(self.labels[:_MOST_LABELS]),
            counted(self.faces, "face") if self.faces else "",
            f"'{shortened(read, _LONGEST_TEXT)}'" if read else "",
            *(f"plate {plate}" for plate in self.plates),
            *(f"{what} hidden" for what in self.hidden),
        ]
        return " · ".join(filter(None, parts))


def recognized(picture: DocumentPicture) -> Recognized:
    """Reads it from the picture's fields; what cannot be read counts as missing."""
    raw = picture.raw
    faces = number(raw.get("face_count"))
    hidden = first_object(raw.get("redacted"))
    known = objects(raw.get("face_vectors"))[:_MOST_FACES]
    numbers = {_box(part): number for number, part in enumerate(known, 1)}
    return Recognized(
        labels=_texts(raw.get("labels")),
        faces=int(faces) if faces is not None and faces >= 0 else None,
        text=text(raw.get("text")),
        plates=_texts(raw.get("plates")),
        marks=tuple(mark for kind in BoxKind for mark in _marks(kind, raw.get(_FIELDS[kind]), numbers)),
        known_faces=len(known),
        hidden=tuple(
            counted(int(count), noun) for name, noun in _HIDDEN.items() if (count := number(hidden.get(name)))
        ),
    )


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(part for part in flat(value) if isinstance(part, str) and part)


def _box(part: dict[str, Any]) -> tuple[float | None, ...]:
    box = first_object(part.get("box"))
    return tuple(number(box.get(name)) for name in ("x", "y", "width", "height"))


def _marks(kind: BoxKind, value: Any, faces: dict[tuple[float | None, ...], int]) -> list[Mark]:
    found = []
    for part in objects(value)[:_MOST_BOXES]:
        x, y, width, height = box = _box(part)
        if x is None or y is None or width is None or height is None:
            continue
        # What is beyond the picture is cut off.
        left, top, right, bottom = (min(max(side, 0.0), 1.0) for side in (x, y, x + width, y + height))
        if left < right and top < bottom:
            of_face = faces.get(box) if kind is BoxKind.FACE else None
            found.append(Mark(kind, left, top, right - left, bottom - top, text(part.get("text")), of_face))
    return found
