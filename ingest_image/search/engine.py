"""Runs the queries of a question, and returns a page of hits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from elasticsearch import BadRequestError, Elasticsearch, NotFoundError

from pipelines.cluster.reasons import reason_of, reason_of_cause

from .bands import may_use_bands
from .bounds import TIMEOUT, impatient
from .copies import copies_among
from .counting import aggregations, facets_of
from .facets import Facets
from .filters import Filters
from .hits import Hit, alike, compared, hit_of, of_person
from .months import MONTH
from .order import Order, is_possible
from .person_query import MOST_PICTURES
from .place import Place
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
from .queries import (
    HEAVY,
    Query,
    embedding_knn,
    likeness_bodies,
    person_body,
    plain_query,
    plain_sort,
)
from .question import Question, UserError
from .ranking import fuse, one_after_the_other
from .reasons import Reason
from .schema import Schema, read_schema

# Hits of the first page that a mark names at most, each by its index and id.
_MOST_SEEN = 200
_STOPPED = f"Elasticsearch stopped after {TIMEOUT.removesuffix('s')} seconds: not all pictures were looked at"


@dataclass(frozen=True)
class Results:
    """A page of hits. `next` goes into the next call, None on the last page; `note` says what was not possible."""

    hits: list[Hit] = field(default_factory=list)
    total: int = 0
    next: str | None = None
    note: str = ""
    # For a question with a sample: the hits of all pages, best first.
    everything: list[Hit] = field(default_factory=list)
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

    def require_index(self) -> None:
        """Raise UserError if a pattern matches no index, or an index that is named is not there."""
        if not self.schema.indices or not self.client.indices.exists(index=self.index):
            raise UserError(f"there is no index {self.index}")

    def search(
        self, question: Question, size: int = 20, after: str | None = None, *, with_facets: bool = False
    ) -> Results:
        """A page of up to `size` hits; `after` is `next` of the page before."""
        place = Place.of(after)
        if not is_possible(question.order, self.schema):
            raise UserError(f"these indices have no {question.order} of pictures to sort by")
        if question.sample is None and question.person is None:
            if question.near_duplicates:
                raise UserError("near duplicates of what? give a picture with --like")
            return self._plain(question, size, place, with_facets)
        hits, note = self._of_sample(question)
        start, end = place.start, place.start + size
        following = Place(start=end).mark() if end < len(hits) else None
        answer = Results(hits[start:end], len(hits), following, note, hits)
        return replace(answer, facets=self.facets(question, answer)) if with_facets else answer

    def _of_sample(self, question: Question) -> tuple[list[Hit], str]:
        """All hits of a question with a sample or a person, in their order, and a note."""
        hits, note = self._of_person(question) if question.person else self.alike(question)
        if question.order is Order.DEFAULT or not hits:
            return hits, note
        # What is alike is one list of at most a few hundred; Elasticsearch knows their dates and sizes.
        raw = self._impatient.search(
            index=self.index,
            ignore_unavailable=True,
            query={"ids": {"values": [hit.id for hit in hits]}},
            sort=plain_sort(question),
            # One id may be in several indices.
            size=10_000,
            source=False,
        )["hits"]["hits"]
        places = {(one["_index"], one["_id"]): place for place, one in enumerate(raw)}
        return sorted(hits, key=lambda hit: places.get(hit.key, len(places))), note

    def _plain(self, question: Question, size: int, place: Place, with_facets: bool) -> Results:
        # The first page needs no point in time, and most questions have no second one.
        is_fresh = not place.pit
        if place.after and is_fresh:
            place = replace(place, pit=self._open())
        # A mark comes from outside, so its point in time could be of other indices.
        within = [{"terms": {"_index": sorted(self.schema.indices)}}] if place.pit else []
        body = plain_body(question, size, place, within, self.index)
        try:
            found = self._search_forgiving(question, body, within)
        except NotFoundError as error:
            if is_fresh:
                raise UserError("the indices are not there any more; search again") from error
            return self._plain(question, size, expired(question, place), with_facets)
        raw, facets = found["hits"]["hits"], Facets()
        pit = found.get("pit_id", place.pit) if place.pit else ""
        again = place.seen if seen_again(question, place) else {}
        total = found["hits"]["total"]["value"] + sum(map(len, again.values()))
        if with_facets:
            # In another search: an index that cannot count a field would lose its hits.
            everything = replace(question, filters=question.filters.without(*question.filters.alternatives))
            count = {"query": restricted(plain_query(everything), within), **where(pit, self.index)}
            facets = self._count(everything, count, within, question.filters)
        following = None
        if len(raw) == size and (pit or total > size):
            seen = equal_to_last(raw, question, place)
            if sum(map(len, seen.values())) > _MOST_SEEN:
                if not pit:
                    return self._plain(question, size, Place(pit=self._open()), with_facets)
                seen = {}
            following = Place(pit=pit, after=tuple(raw[-1]["sort"]), seen=seen).mark()
        elif pit:
            self.client.options(ignore_status=404).close_point_in_time(id=pit)
        note = _STOPPED if found.get("timed_out") else ""
        return Results([hit_of(hit) for hit in raw], total, following, note, facets=facets)

    def _open(self) -> str:
        opened = self.client.open_point_in_time(index=self.index, keep_alive=KEEP_ALIVE, ignore_unavailable=True)
        return str(opened["id"])

    def _search_forgiving(self, question: Question, body: dict[str, Any], within: Sequence[Query] = ()) -> Any:
        body = {**body, "timeout": TIMEOUT}
        try:
            try:
                return self._impatient.search(**body).body
            except BadRequestError as error:
                if not question.words or "Failed to parse query" not in str(error.body):
                    raise
            query = restricted(plain_query_forgiving(question), within)
            return self._impatient.search(**{**body, "query": query}).body
        except BadRequestError as error:
            # An impossible place, a date too far away, a mark of another question's page, ...
            raise UserError(f"this cannot be searched for: {reason_of(error)}") from error

    def _of_person(self, question: Question) -> tuple[list[Hit], str]:
        """All pictures of a person, nearest first, and a note."""
        try:
            found = self._impatient.search(index=self.index, ignore_unavailable=True, **person_body(question)).body
        except BadRequestError as error:
            raise UserError(f"this cannot be searched for: {reason_of(error)}") from error
        hits = [of_person(raw) for raw in found["hits"]["hits"]]
        if found.get("timed_out"):
            return hits, _STOPPED
        return hits, f"there may be more: the nearest {MOST_PICTURES} are shown" if len(hits) == MOST_PICTURES else ""

    def alike(self, question: Question) -> tuple[list[Hit], str]:
        """All hits of a question with a sample, best first (at most a few hundred), and a note."""
        sample = question.sample
        assert sample is not None
        by_bands = may_use_bands(self._impatient, self.index, self.schema, question)
        bodies = likeness_bodies(question, self.schema, by_bands=by_bands)
        if not bodies:
            return [], f"{sample.name} has neither hash nor colours: nothing to compare"
        searches: list[dict[str, Any]] = [part for body in bodies.values() for part in ({}, body)]
        answers = self._impatient.msearch(index=self.index, searches=searches, ignore_unavailable=True)["responses"]
        stopped = any(answer.get("timed_out") for answer in answers)
        lists: dict[Reason, list[Hit]] = {}
        for reason, answer in zip(bodies, answers, strict=True):
            if "error" in answer:
                raise UserError(reason_of_cause(answer["error"]))
            found = [hit_of(hit, reason) for hit in answer["hits"]["hits"]]
            lists[reason] = [compared(hit, sample, question.distance, question.turned) for hit in found]
        matching = [lists.pop(Reason.WORDS)] if Reason.WORDS in lists else []
        # What the hash found beyond the distance is a hit only if it is a copy.
        by_hash = one_after_the_other(lists.pop(reason, ()) for reason in (Reason.EXACT, Reason.SAME))
        copies = copies_among(self._impatient, sample, by_hash, lists.get(Reason.SIMILAR, ()))
        rest = [] if question.near_duplicates else [alike(hits, sample) for hits in lists.values()]
        # Copies come before similar ones; together they are one ranking, the words are another.
        found_all = fuse([one_after_the_other([copies, *rest]), *matching])
        return found_all, _STOPPED if stopped else self._note(question)

    def _note(self, question: Question) -> str:
        sample = question.sample
        assert sample is not None
        if not sample.hashes:
            return f"{sample.name} has too little structure for a perceptual hash: only exact copies are certain"
        if not self.schema.hash_vector:
            return (
                "these indices have no vector image.perceptual_hash: only exact copies are certain (see docs/search.md)"
            )
        if question.near_duplicates and not embedding_knn(sample, self.schema, []):
            # There are no vectors, or vectors of another length.
            return "there is no image.embedding to compare with: crops and other larger changes are not found"
        return ""

    def facets(self, question: Question, answer: Results) -> Facets:
        """Counts by colour, format, date, ... of all hits of a question with a sample or a person.

        Those of a facet that restricts the hits are of what would be found without it.
        """
        facets = self._count_these(question, answer.everything)
        for name in question.filters.alternatives:
            wider = replace(question, filters=question.filters.without(name), order=Order.DEFAULT)
            found = self._count_these(wider, self._of_sample(wider)[0])
            if name == MONTH:
                facets = replace(facets, months=found.months)
            elif name in found.counts:
                facets.counts[name] = found.counts[name]
        return facets

    def _count_these(self, question: Question, hits: Sequence[Hit]) -> Facets:
        query = {"ids": {"values": [hit.id for hit in hits]}}
        return self._count(question, {"query": query, "index": self.index, "ignore_unavailable": True})

    def _count(
        self, question: Question, body: dict[str, Any], within: Sequence[Query] = (), filters: Filters | None = None
    ) -> Facets:
        body = {**body, "size": 0, "aggregations": aggregations(self.schema, filters)}
        return facets_of(self._search_forgiving(question, body, within).get("aggregations") or {})

    def aggregate(self, question: Question, aggregations: Query) -> dict[str, Any]:
        """The answers to aggregations over all hits."""
        query = plain_query(question)
        if question.sample or question.person:
            query = {"ids": {"values": [hit.id for hit in self._of_sample(question)[0]]}}
        body = {"query": query, **where("", self.index), "size": 0, "aggregations": aggregations}
        found: dict[str, Any] = self._search_forgiving(question, body).get("aggregations") or {}
        return found

    def get(self, index: str, id: str, source_includes: list[str] | None = None) -> Hit:
        """A stored document, without its pictures or with only some fields. Raises UserError if there is none."""
        # In a body an id may be anything; in a path, `..` would be a step.
        excludes = None if source_includes else HEAVY
        (found,) = self.client.mget(index=index, ids=[id], source_includes=source_includes, source_excludes=excludes)[
            "docs"
        ]
        if not found.get("found"):
            raise UserError(f"there is no document {id} in {index}")
        return hit_of(found)
