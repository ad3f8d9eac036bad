"""Counts of the answers by what they share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .schema import NUMBERS, Schema

# Name of the facet, its field, and how many values are shown. The filter of a value is `name:value`.
TERMS = {
    "color": ("image.color_names", 20),
    "format": ("image.format", 12),
    "shape": ("image.orientation", 3),
    "size": ("image.size_class", 5),
    "camera": ("image.metadata.camera.keyword", 12),
    "error": ("image.error.code", 12),
}
TAKEN = "image.metadata.taken_at"
ORDER = ("color", "format", "taken", "shape", "size", "camera", "error")
_YEARS = 12


@dataclass(frozen=True)
class Facets:
    """Values and counts of each facet that has some; bytes of all pictures as stored and as they came in."""

    counts: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    stored_bytes: int = 0
    original_bytes: int = 0


def aggregations(schema: Schema) -> dict[str, Any]:
    """The aggregations of all facets whose field the indices have."""
    found: dict[str, Any] = {
        name: {"terms": {"field": field, "size": size}}
        for name, (path, size) in TERMS.items()
        if (field := schema.countable(path))
    }
    if schema.types.get(TAKEN) == "date":
        found["taken"] = {
            "date_histogram": {"field": TAKEN, "calendar_interval": "year", "format": "yyyy", "min_doc_count": 1}
        }
    if {schema.types.get(name) for name in ("image.bytes", "image.original.bytes")} <= NUMBERS:
        found["stored_bytes"] = {"sum": {"field": "image.bytes"}}
        found["original_bytes"] = {"sum": {"field": "image.original.bytes"}}
    return found


def facets_of(answer: dict[str, Any]) -> Facets:
    """The facets of an answer, years newest first."""
    counts = {
        name: [(str(bucket.get("key_as_string", bucket["key"])), bucket["doc_count"]) for bucket in part["buckets"]]
        for name, part in answer.items()
        if "buckets" in part
    }
    if "taken" in counts:
        counts["taken"] = counts["taken"][::-1][:_YEARS]
    sums = (int((answer.get(name) or {}).get("value") or 0) for name in ("stored_bytes", "original_bytes"))
    return Facets({name: counts[name] for name in ORDER if counts.get(name)}, *sums)
