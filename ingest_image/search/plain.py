"""Pages of a question without a sample: the first of the indices as they are, the others of one point in time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import takewhile
from typing import Any

from .questions.cursor import Cursor
from .questions.question import Question
from .requests.queries import LIGHT, Query, forgiving_words_query, plain_query, plain_sort

# How long Elasticsearch keeps the state of the index from one page to the next.
KEEP_ALIVE = "5m"
_BEFORE_ALL = -1


def plain_body(question: Question, size: int, cursor: Cursor, within: Sequence[Query], index: str) -> dict[str, Any]:
    """The search for a page of hits in `index`, or in the cursor's point in time; `within`: more that must hold."""
    sort = plain_sort(question)
    body: dict[str, Any] = {
        "query": restricted(plain_query(question), within),
        "sort": sort,
        "size": size,
        "source": LIGHT,
        "track_total_hits": True,
        **where(cursor.pit, index),
    }
    if cursor.after:
        # In a point in time the place in the shard comes last. A cursor that is of no point in time has none.
        body["search_after"] = [*cursor.after, _BEFORE_ALL][: len(sort) + 1]
    if seen_again(question, cursor):
        body["post_filter"] = {"bool": {"must_not": [_these(*these) for these in cursor.seen.items()]}}
    return body


def seen_again(question: Question, cursor: Cursor) -> bool:
    """Whether hits that were seen come again, as a cursor without a point in time begins before all equal ones."""
    return bool(cursor.seen) and len(cursor.after) <= len(plain_sort(question))


def where(pit: str, index: str) -> dict[str, Any]:
    """What to search: the point in time, or without one the indices. As long as there is none, nothing is found."""
    return {"pit": {"id": pit, "keep_alive": KEEP_ALIVE}} if pit else {"index": index, "ignore_unavailable": True}


def equal_to_last(raw: Sequence[dict[str, Any]], question: Question, before: Cursor) -> dict[str, list[str]]:
    """Ids by index of the hits up to the end of a page that have the sort values of the last one; `before`: its cursor.

    They are left out when the point in time has expired, and its last sort value, the place in the shard, is lost.
    """
    count = len(plain_sort(question))
    values = [hit["sort"][:count] for hit in raw]
    found: dict[str, list[str]] = {}
    if values[0] == values[-1] == list(before.after[:count]):
        found = {index: list(ids) for index, ids in before.seen.items()}
    for hit, _ in takewhile(lambda pair: pair[1] == values[-1], zip(reversed(raw), reversed(values), strict=True)):
        found.setdefault(hit["_index"], []).append(hit["_id"])
    return found


def expired(question: Question, cursor: Cursor) -> Cursor:
    """The cursor from which a page goes on without its point in time."""
    return replace(cursor, pit="", after=cursor.after[: len(plain_sort(question))])


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
