"""Runs the queries of a question, and returns a page of hits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from elasticsearch import BadRequestError, Elasticsearch, NotFoundError

from pipelines.cluster.reasons import reason_of

from .found.documents import read_documents
from .found.hits import Hit, hit_of
from .plain import (
    KEEP_ALIVE,
    equal_to_last,
    expired,
    plain_body,
    plain_query_forgiving,
    restricted,
    seen_again,
    where,
)
from .questions.bounds import TIMEOUT, impatient
from .questions.cursor import Cursor
from .questions.facets import Facets
from .questions.filters import Filters
from .questions.months import MONTH
from .questions.order import Order, is_possible
from .questions.question import Question, UserError
from .requests.counting import aggregations, facets_of
from .requests.dev_tools import SentSearch
from .requests.queries import HEAVY, Query, plain_query
from .sampled import STOPPED, SampleHits, find
from .stored.problems import with_problems
from .stored.schema import Schema, read_schema

# Hits of the first page that a cursor names at most, each by its index and id.
_MOST_SEEN = 200


@dataclass(frozen=True)
class Results:
    """A page of hits. `next` goes into the next call, None on the last page; `note` says what was not possible."""

    hits: list[Hit] = field(default_factory=list)
    total: int = 0
    next: str | None = None
    note: str = ""
    # For a question with a sample: the hits of all pages, best first.
    everything: list[Hit] = field(default_factory=list)
    # What was sent to find them.
    sent: SentSearch | None = None
    # Of all hits, if they were asked for.
    facets: Facets = field(default_factory=Facets)


class Engine:
    """Searches the indices that `index` names (a name, a pattern, several with commas)."""

    def __init__(self, client: Elasticsearch, index: str) -> None:
        self.client, self.index = client, index
        self._impatient = impatient(client)

    @cached_property
    def schema(self) -> Schema:
        """The fields of these indices."""
        return read_schema(self.client, self.index)

    @cached_property
    def filterable(self) -> Schema:
        """The schema for filters and facets, which also knows the problems of pictures in other fields than `image`."""
        return with_problems(self._impatient, self.index, self.schema)

    def require_index(self) -> None:
        """Raise UserError if a pattern matches no index, or an index that is named is not there."""
        if not self.schema.indices or not self.client.indices.exists(index=self.index):
            raise UserError(f"there is no index {self.index}")

    def search(
        self, question: Question, size: int = 20, after: str | None = None, *, with_facets: bool = False
    ) -> Results:
        """A page of up to `size` hits; `after` is `next` of the page before."""
        cursor = Cursor.of(after)
        if not is_possible(question.order, self.schema):
            raise UserError(f"these indices have no {question.order} of pictures to sort by")
        if question.sample is None and question.person is None:
            if question.near_duplicates:
                raise UserError("near duplicates of what? give a picture with --like")
            return self._plain(question, size, cursor, with_facets)
        found = self.alike(question)
        hits = found.hits
        start, end = cursor.start, cursor.start + size
        following = Cursor(start=end).text() if end < len(hits) else None
        answer = Results(hits[start:end], len(hits), following, found.note, hits, found.sent)
        return replace(answer, facets=self.facets(question, answer)) if with_facets else answer

    def alike(self, question: Question) -> SampleHits:
        """All hits of a question with a sample or a person, in their order."""
        return find(self._impatient, self.index, self.schema, question)

    def _plain(self, question: Question, size: int, cursor: Cursor, with_facets: bool) -> Results:
        # The first page needs no point in time, and most questions have no second one.
        is_fresh = not cursor.pit
        if cursor.after and is_fresh:
            cursor = replace(cursor, pit=self._open())
        # A cursor comes from outside, so its point in time could be of other indices.
        within = [{"terms": {"_index": sorted(self.schema.indices)}}] if cursor.pit else []
        body = plain_body(question, size, cursor, within, self.index)
        try:
            found, sent = self._search_forgiving(question, body, within)
        except NotFoundError as error:
            if is_fresh:
                raise UserError("the indices are not there any more; search again") from error
            return self._plain(question, size, expired(question, cursor), with_facets)
        raw, facets = found["hits"]["hits"], Facets()
        pit = found.get("pit_id", cursor.pit) if cursor.pit else ""
        again = cursor.seen if seen_again(question, cursor) else {}
        total = found["hits"]["total"]["value"] + sum(map(len, again.values()))
        if with_facets:
            # In another search: an index that cannot count a field would lose its hits.
            facets = self._plain_facets(question, pit, within)
        following = None
        if len(raw) == size and (pit or total > size):
            seen = equal_to_last(raw, question, cursor)
            if sum(map(len, seen.values())) > _MOST_SEEN:
                if not pit:
                    return self._plain(question, size, Cursor(pit=self._open()), with_facets)
                seen = {}
            following = Cursor(pit=pit, after=tuple(raw[-1]["sort"]), seen=seen).text()
        elif pit:
            self.client.options(ignore_status=404).close_point_in_time(id=pit)
        note = STOPPED if found.get("timed_out") else ""
        return Results([hit_of(hit) for hit in raw], total, following, note, sent=sent, facets=facets)

    def _open(self) -> str:
        opened = self.client.open_point_in_time(index=self.index, keep_alive=KEEP_ALIVE, ignore_unavailable=True)
        return str(opened["id"])

    def _search_forgiving(
        self, question: Question, body: dict[str, Any], within: Sequence[Query] = ()
    ) -> tuple[dict[str, Any], SentSearch]:
        """The answer, and what was sent to get it."""
        body = {**body, "timeout": TIMEOUT}
        try:
            try:
                return self._impatient.search(**body).body, SentSearch(self.index, (body,))
            except BadRequestError as error:
                if not question.words or "Failed to parse query" not in str(error.body):
                    raise
            query = restricted(plain_query_forgiving(question), within)
            body = {**body, "query": query}
            return self._impatient.search(**body).body, SentSearch(self.index, (body,))
        except BadRequestError as error:
            # An impossible place, a date too far away, a cursor of another question, ...
            raise UserError(f"this cannot be searched for: {reason_of(error)}") from error

    def facets(self, question: Question, answer: Results) -> Facets:
        """Counts by colour, format, date, ... of all hits.

        Those of a facet that restricts the hits are of what would be found without it.
        """
        if question.sample is None and question.person is None:
            return self._plain_facets(question)
        facets = self._count_these(question, answer.everything)
        for name in question.filters.alternatives:
            wider = replace(question, filters=question.filters.without(name), order=Order.DEFAULT)
            found = self._count_these(wider, self.alike(wider).hits)
            if name == MONTH:
                facets = replace(facets, months=found.months)
            elif name in found.counts:
                facets.counts[name] = found.counts[name]
        return facets

    def _plain_facets(self, question: Question, pit: str = "", within: Sequence[Query] = ()) -> Facets:
        everything = replace(question, filters=question.filters.without(*question.filters.alternatives))
        body = {"query": restricted(plain_query(everything), within), **where(pit, self.index)}
        return self._count(everything, body, within, question.filters)

    def _count_these(self, question: Question, hits: Sequence[Hit]) -> Facets:
        query = {"ids": {"values": [hit.id for hit in hits]}}
        return self._count(question, {"query": query, "index": self.index, "ignore_unavailable": True})

    def _count(
        self, question: Question, body: dict[str, Any], within: Sequence[Query] = (), filters: Filters | None = None
    ) -> Facets:
        body = {**body, "size": 0, "aggregations": aggregations(self.filterable, filters)}
        return facets_of(self._search_forgiving(question, body, within)[0].get("aggregations") or {})

    def aggregate(self, question: Question, aggregations: Query) -> dict[str, Any]:
        """The answers to aggregations over all hits."""
        query = plain_query(question)
        if question.sample or question.person:
            query = {"ids": {"values": [hit.id for hit in self.alike(question).hits]}}
        body = {"query": query, **where("", self.index), "size": 0, "aggregations": aggregations}
        found: dict[str, Any] = self._search_forgiving(question, body)[0].get("aggregations") or {}
        return found

    def get(self, index: str, id: str, source_includes: list[str] | None = None) -> Hit:
        """A stored document, without its pictures or with only some fields. Raises UserError if there is none."""
        excludes = None if source_includes else HEAVY
        found = read_documents(self.client, [(index, id)], source_includes=source_includes, source_excludes=excludes)
        if not found:
            raise UserError(f"there is no document {id} in {index}")
        return hit_of(found[0])
