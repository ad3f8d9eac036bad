"""The months of pictures: when they were taken, or if that is not known, the `@timestamp` of their documents."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ..stored.schema import Schema

TAKEN, TIMESTAMP = "image.metadata.taken_at", "@timestamp"
# The filter of a month, and the names of the aggregations that count them.
MONTH, UNDATED = "month", "undated"
_BY_MONTH = {"calendar_interval": "month", "format": "yyyy-MM", "min_doc_count": 1}


def _dates(schema: Schema) -> tuple[bool, bool]:
    return schema.types.get(TAKEN) == "date", schema.types.get(TIMESTAMP) == "date"


def months(schema: Schema) -> dict[str, Any]:
    """The aggregations that count pictures by month."""
    taken, timestamp = _dates(schema)
    found: dict[str, Any] = {}
    if taken:
        found[MONTH] = {"date_histogram": {"field": TAKEN, **_BY_MONTH}}
    if timestamp:
        by_month = {"date_histogram": {"field": TIMESTAMP, **_BY_MONTH}}
        found[UNDATED] = {"filter": _not_taken(), "aggregations": {UNDATED: by_month}}
    return found


def months_of(answer: dict[str, Any]) -> list[tuple[str, int]]:
    """Months (`2020-05`) and how many pictures each has, the newest first."""
    counts: Counter[str] = Counter()
    for name in (MONTH, UNDATED):
        part = answer.get(name) or {}
        for bucket in part.get(name, part).get("buckets") or ():
            counts[bucket["key_as_string"]] += bucket["doc_count"]
    return sorted(counts.items(), reverse=True)


def month_clause(limits: dict[str, Any], schema: Schema) -> dict[str, Any]:
    """The clause for pictures of some time. Raises ValueError if the indices have no dates."""
    taken, timestamp = _dates(schema)
    choices: list[dict[str, Any]] = [{"range": {TAKEN: limits}}] if taken else []
    if timestamp:
        choices.append({"bool": {"filter": [{"range": {TIMESTAMP: limits}}, _not_taken()]}})
    if not choices:
        raise ValueError("no picture in these indices has a date")
    return choices[0] if len(choices) == 1 else {"bool": {"should": choices, "minimum_should_match": 1}}


def _not_taken() -> dict[str, Any]:
    return {"bool": {"must_not": [{"exists": {"field": TAKEN}}]}}
