"""Pages of a question without a sample: the first of the indices as they are, the others of one point in time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import takewhile
from typing import Any

from .place import Place, Value
from .queries import LIGHT, Query, forgiving_words_query, plain_query, plain_sort
from .question import Question

# How long Elasticsearch keeps the state of the index from one page to the next.
KEEP_ALIVE = "5m"
_BEFORE_ALL = -1


def plain_body(question: Question, size: int, place: Place, within: Sequence[Query], index: str) -> dict[str, Any]:
    """The search for a page of hits in `index`, or in the point in time of its place; `within`: more that must hold."""
    body: dict[str, Any] = {
        "query": restricted(plain_query(question), within),
        "sort": plain_sort(question),
        "size": size,
        "source": LIGHT,
        "track_total_hits": True,
        **where(place.pit, index),
    }
    if place.after:
        # In a point in time the place in the shard comes last. The first page has none: begin before all of them.
        body["search_after"] = [*place.after, _BEFORE_ALL] if place.seen else list(place.after)
    if place.seen:
        body["post_filter"] = {"bool": {"must_not": [_these(*these) for these in place.seen.items()]}}
    return body


def where(pit: str, index: str) -> dict[str, Any]:
    """What to search: the point in time, or without one the indices. As long as there is none, nothing is found."""
    return {"pit": {"id": pit, "keep_alive": KEEP_ALIVE}} if pit else {"index": index, "ignore_unavailable": True}


def sort_values(hit: dict[str, Any]) -> tuple[Value, ...]:
    """By what a hit was sorted. If it was the score alone, Elasticsearch gives no other values."""
    return tuple(hit.get("sort") or (hit["_score"],))


def equal_to_last(raw: Sequence[dict[str, Any]]) -> dict[str, list[str]]:
    """Ids by index of the hits at the end of a page that have the same sort values."""
    found: dict[str, list[str]] = {}
    for hit in takewhile(lambda hit: sort_values(hit) == sort_values(raw[-1]), reversed(raw)):
        found.setdefault(hit["_index"], []).append(hit["_id"])
    return found


def plain_query_forgiving(question: Question) -> Query:
    """The plain query for words that `query_string` cannot parse."""
    query = plain_query(replace(question, words=""))
    query["bool"]["must"].append(forgiving_words_query(question.words))
    return query


def restricted(query: Query, clauses: Sequence[Query]) -> Query:
    """The query with more clauses that must hold."""
    query["bool"]["filter"] += clauses
    return query


def _these(index: str, ids: list[str]) -> Query:
    return {"bool": {"filter": [{"term": {"_index": index}}, {"ids": {"values": ids}}]}}
