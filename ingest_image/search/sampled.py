"""Finds pictures that are like a sample, or of one person: one list of at most a few hundred hits."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from elasticsearch import BadRequestError, Elasticsearch

from pipelines.cluster.reasons import reason_of, reason_of_cause

from .found.copies import copies_among
from .found.hits import Hit, alike, compared, hit_of, of_person
from .found.ranking import fuse, one_after_the_other
from .found.reasons import Reason
from .questions.bounds import TIMEOUT
from .questions.order import Order
from .questions.person_query import MOST_PICTURES
from .questions.question import Question, UserError
from .requests.bands import may_use_bands
from .requests.dev_tools import SentSearch, several
from .requests.queries import embedding_knn, likeness_bodies, person_body, plain_sort
from .stored.schema import Schema

STOPPED = f"Elasticsearch stopped after {TIMEOUT.removesuffix('s')} seconds: not all pictures were looked at"


@dataclass(frozen=True)
class Found:
    """All hits in their order; `note` says what was not possible, `sent` what was asked for."""

    hits: list[Hit] = field(default_factory=list)
    note: str = ""
    sent: SentSearch | None = None


def find(client: Elasticsearch, index: str, schema: Schema, question: Question) -> Found:
    """All hits of a question with a sample or a person, in their order. Raises UserError."""
    found = _of_person(client, index, question) if question.person else _of_sample(client, index, schema, question)
    if question.order is Order.DEFAULT or not found.hits:
        return found
    # What is alike is one list of at most a few hundred; Elasticsearch knows their dates and sizes.
    raw = client.search(
        index=index,
        ignore_unavailable=True,
        query={"ids": {"values": [hit.id for hit in found.hits]}},
        sort=plain_sort(question),
        # One id may be in several indices.
        size=10_000,
        source=False,
    )["hits"]["hits"]
    places = {(one["_index"], one["_id"]): place for place, one in enumerate(raw)}
    return replace(found, hits=sorted(found.hits, key=lambda hit: places.get(hit.key, len(places))))


def _of_person(client: Elasticsearch, index: str, question: Question) -> Found:
    """All pictures of a person, nearest first, and a note."""
    body = person_body(question)
    try:
        found = client.search(index=index, ignore_unavailable=True, **body).body
    except BadRequestError as error:
        raise UserError(f"this cannot be searched for: {reason_of(error)}") from error
    hits = [of_person(raw) for raw in found["hits"]["hits"]]
    note = f"there may be more: the nearest {MOST_PICTURES} are shown" if len(hits) == MOST_PICTURES else ""
    return Found(hits, STOPPED if found.get("timed_out") else note, SentSearch(index, (body,)))


def _of_sample(client: Elasticsearch, index: str, schema: Schema, question: Question) -> Found:
    """All hits of a question with a sample, best first (at most a few hundred)."""
    sample = question.sample
    assert sample is not None
    by_bands = may_use_bands(client, index, schema, question)
    bodies = likeness_bodies(question, schema, by_bands=by_bands)
    if not bodies:
        return Found(note=f"{sample.name} has neither hash nor colours: nothing to compare")
    searches: list[dict[str, Any]] = [part for body in bodies.values() for part in ({}, body)]
    answers = client.msearch(index=index, searches=searches, ignore_unavailable=True)["responses"]
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
    crops = lists.pop(Reason.PERHAPS_CROPPED, ())
    copies = copies_among(client, sample, by_hash, lists.get(Reason.SIMILAR, ()), crops)
    rest = [] if question.near_duplicates else [alike(hits, sample) for hits in lists.values()]
    # Copies come before similar ones; together they are one ranking, the words are another.
    found_all = fuse([one_after_the_other([copies, *rest]), *matching])
    return Found(found_all, STOPPED if stopped else _note(schema, question), several(index, list(bodies.values())))


def _note(schema: Schema, question: Question) -> str:
    sample = question.sample
    assert sample is not None
    if not sample.hashes:
        return f"{sample.name} has too little structure for a perceptual hash: only exact copies are certain"
    if not schema.hash_vector:
        return "these indices have no vector image.perceptual_hash: only exact copies are certain (see docs/search.md)"
    if question.near_duplicates and not embedding_knn(sample, schema, []):
        # There are no vectors, or vectors of another length.
        return "there is no image.embedding to compare with: crops and other larger changes are not found"
    return ""
