"""Counts hits by facets: the aggregations, and what is read from their answers."""

from __future__ import annotations

from typing import Any

from .facets import FACETS, Facet, Facets
from .filters import parse_filter
from .schema import NUMBERS, Schema


def aggregations(schema: Schema) -> dict[str, Any]:
    """The aggregations of all facets whose fields the indices have."""
    found = {facet.name: aggregation for facet in FACETS if (aggregation := _aggregation(facet, schema))}
    if {schema.types.get(name) for name in ("image.bytes", "image.original.bytes")} <= NUMBERS:
        found["stored_bytes"] = {"sum": {"field": "image.bytes"}}
        found["original_bytes"] = {"sum": {"field": "image.original.bytes"}}
    return found


def _aggregation(facet: Facet, schema: Schema) -> dict[str, Any] | None:
    if facet.by_year:
        if schema.types.get(facet.field) != "date":
            return None
        years = {"calendar_interval": "year", "format": "yyyy", "min_doc_count": 1}
        return {"date_histogram": {"field": facet.field, **years}}
    if facet.words:
        try:
            clauses = {word: parse_filter(f"{facet.name}:{word}", schema) for word in facet.words}
        except ValueError:
            # The indices have no such field, or one of another type.
            return None
        return {"filters": {"filters": clauses}}
    field = schema.countable(facet.field)
    return {"terms": {"field": field, "size": facet.most}} if field else None


def facets_of(answer: dict[str, Any]) -> Facets:
    """The facets from an answer of Elasticsearch; years with the newest first."""
    counts = {facet.name: found for facet in FACETS if (found := _counts(facet, answer.get(facet.name) or {}))}
    sums = (int((answer.get(name) or {}).get("value") or 0) for name in ("stored_bytes", "original_bytes"))
    return Facets(counts, *sums)


def _counts(facet: Facet, part: dict[str, Any]) -> list[tuple[str, int]]:
    buckets: Any = part.get("buckets") or {}
    if facet.words:
        return [(word, count) for word in facet.words if (count := buckets.get(word, {}).get("doc_count"))]
    counts = [(str(bucket.get("key_as_string", bucket["key"])), bucket["doc_count"]) for bucket in buckets]
    return counts[::-1][: facet.most] if facet.by_year else counts
