"""Facets: the fields by whose values hits are counted, and narrowed down."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Facet:
    """A field whose values are counted; at most `most` of them are shown. `name:value` is the filter of one."""

    name: str
    heading: str
    field: str
    most: int = 12
    # The field is a date; its years are counted.
    by_year: bool = False
    # Only these are counted: words, and what each stands for in a filter.
    words: Mapping[str, str] = dataclasses.field(default_factory=dict)
    # What a filter looks in, if it is another field than the one that is counted.
    searched: str = ""


# The facet that looks in every field for pictures.
PROBLEMS = "error"
# In the order of the page.
FACETS = (
    Facet("label", "Shows", "image.labels", 20),
    Facet("faces", "Faces", "image.face_count", words={"none": "0", "one": "1", "several": ">=2"}),
    Facet("text", "Text", "image.text", words={"some": "*"}),
    # Plates are read with mistakes: a filter finds all that look like this one.
    Facet("plate", "Number plates", "image.plates", searched="image.plates_folded"),
    Facet("color", "Colour", "image.color_names", 20),
    Facet("format", "Format", "image.format"),
    Facet("taken", "Taken", "image.metadata.taken_at", by_year=True),
    Facet("shape", "Shape", "image.orientation", 3),
    Facet("size", "Size", "image.size_class", 5),
    Facet("camera", "Camera", "image.metadata.camera"),
    Facet(PROBLEMS, "Problems", "image.error.code"),
)


@dataclass(frozen=True)
class Facets:
    """Values and counts of each facet that has some; bytes of all pictures, stored and original; months."""

    counts: dict[str, list[tuple[str, int]]] = dataclasses.field(default_factory=dict)
    stored_bytes: int = 0
    original_bytes: int = 0
    # How many have a place.
    located: int = 0
    # Months (`2020-05`) and counts, the newest first; the filter of one is `month:2020-05`.
    months: list[tuple[str, int]] = dataclasses.field(default_factory=list)
