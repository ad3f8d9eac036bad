"""Counts hits by facets: the aggregations, and what is read from their answers."""

from __future__ import annotations

from typing import Any

from ..questions.facets import FACETS, PROBLEMS, Facet, Facets
from ..questions.filters import Filters, parse_filter
from ..questions.months import MONTH, UNDATED, months, months_of
from ..stored.schema import NUMBERS, Schema

PLACE = "image.metadata.location"


def aggregations(schema: Schema, filters: Filters | None = None) -> dict[str, Any]:
    """The aggregations of all facets whose fields the indices have.

    The search is without the alternatives of `filters`: they restrict all counts but those of their own facet.
    """
    filters = filters or Filters()
    found = {facet.name: aggregation for facet in FACETS if (aggregation := _aggregation(facet, schema))}
    found |= months(schema)
    if schema.types.get(PLACE) == "geo_point":
        found["located"] = {"filter": {"exists": {"field": PLACE}}}
    if {schema.types.get(name) for name in ("image.bytes", "image.original.bytes")} <= NUMBERS:
        found["stored_bytes"] = {"sum": {"field": "image.bytes"}}
        found["original_bytes"] = {"sum": {"field": "image.original.bytes"}}
    return {name: _within(name, aggregation, filters) for name, aggregation in found.items()}


def _within(name: str, aggregation: dict[str, Any], filters: Filters) -> dict[str, Any]:
    restricting = filters.without(name, MONTH) if name in (MONTH, UNDATED) else filters.without(name)
    others = list(restricting.alternatives.values())
    return {"filter": {"bool": {"filter": others}}, "aggregations": {name: aggregation}} if others else aggregation


def _aggregation(facet: Facet, schema: Schema) -> dict[str, Any] | None:
    if facet.by_year:
        if schema.types.get(facet.field) != "date":
            return None
        years = {"calendar_interval": "year", "format": "yyyy", "min_doc_count": 1}
        return {"date_histogram": {"field": facet.field, **years}}
    if facet.name == PROBLEMS and schema.codes:
        # A document with the same problem in two fields is one.
        return {"filters": {"filters": {code: parse_filter(f'{PROBLEMS}:"{code}"', schema) for code in schema.codes}}}
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
    answer = {name: part.get(name, part) for name, part in answer.items()}
    counts = {facet.name: found for facet in FACETS if (found := _counts(facet, answer.get(facet.name) or {}))}
    stored, original = (int((answer.get(name) or {}).get("value") or 0) for name in ("stored_bytes", "original_bytes"))
    located = int((answer.get("located") or {}).get("doc_count") or 0)
    return Facets(counts, stored, original, located, months_of(answer))


def _counts(facet: Facet, part: dict[str, Any]) -> list[tuple[str, int]]:
    buckets: Any = part.get("buckets") or {}
    if facet.words:
        return [(word, count) for word in facet.words if (count := buckets.get(word, {}).get("doc_count"))]
    if isinstance(buckets, dict):
        found = [(code, bucket["doc_count"]) for code, bucket in buckets.items() if bucket["doc_count"]]
        return sorted(found, key=lambda one: -one[1])[: facet.most]
    counts = [(str(bucket.get("key_as_string", bucket["key"])), bucket["doc_count"]) for bucket in buckets]
    return counts[::-1][: facet.most] if facet.by_year else counts
