"""Facets: counts of the hits by the values of a few fields."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .schema import NUMBERS, Schema


@dataclass(frozen=True)
class Facet:
    """A field whose values are counted; at most `most` of them are shown. `name:value` is the filter of one."""

    name: str
    heading: str
    field: str
    most: int
    # The field is a date; its years are counted.
    by_year: bool = False


# In the order of the page.
FACETS = (
    Facet("color", "Colour", "image.color_names", 20),
    Facet("format", "Format", "image.format", 12),
    Facet("taken", "Taken", "image.metadata.taken_at", 12, by_year=True),
    Facet("shape", "Shape", "image.orientation", 3),
    Facet("size", "Size", "image.size_class", 5),
    Facet("camera", "Camera", "image.metadata.camera", 12),
    Facet("error", "Problems", "image.error.code", 12),
)


@dataclass(frozen=True)
class Facets:
    """Values and counts of each facet that has some; bytes of all pictures, stored and original."""

    counts: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    stored_bytes: int = 0
    original_bytes: int = 0


def aggregations(schema: Schema) -> dict[str, Any]:
    """The aggregations of all facets whose fields the indices have."""
    found: dict[str, Any] = {}
    for facet in FACETS:
        if facet.by_year:
            if schema.types.get(facet.field) == "date":
                years = {"calendar_interval": "year", "format": "yyyy", "min_doc_count": 1}
                found[facet.name] = {"date_histogram": {"field": facet.field, **years}}
        elif field := schema.countable(facet.field):
            found[facet.name] = {"terms": {"field": field, "size": facet.most}}
    if {schema.types.get(name) for name in ("image.bytes", "image.original.bytes")} <= NUMBERS:
        found["stored_bytes"] = {"sum": {"field": "image.bytes"}}
        found["original_bytes"] = {"sum": {"field": "image.original.bytes"}}
    return found


def facets_of(answer: dict[str, Any]) -> Facets:
    """The facets from an answer of Elasticsearch; years with the newest first."""
    counts = {
        name: [(str(bucket.get("key_as_string", bucket["key"])), bucket["doc_count"]) for bucket in part["buckets"]]
        for name, part in answer.items()
        if "buckets" in part
    }
    for facet in FACETS:
        if facet.by_year and facet.name in counts:
            counts[facet.name] = counts[facet.name][::-1][: facet.most]
    sums = (int((answer.get(name) or {}).get("value") or 0) for name in ("stored_bytes", "original_bytes"))
    return Facets({facet.name: counts[facet.name] for facet in FACETS if counts.get(facet.name)}, *sums)
