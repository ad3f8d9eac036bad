"""Whether hashes are looked up by their bands, or all are compared."""

from __future__ import annotations

from typing import Any

from elasticsearch import Elasticsearch

from processor_service.hash_bands import REACH

from ..questions.bounds import TIMEOUT
from ..questions.question import Question
from ..stored.schema import Schema

# Comparing that many hashes takes a few milliseconds (docs/performance.md). Beyond, bands are worth what they miss:
# pictures more than 31 bits away, which are no copies by their hash, but might be by their pixels.
ALL_ARE_COMPARED = 100_000
Query = dict[str, Any]


def may_use_bands(client: Elasticsearch, index: str, schema: Schema, question: Question) -> bool:
    """Whether these indices are large, all their hashes have bands, and the question does not reach farther."""
    sample = question.sample
    if not schema.has_bands or sample is None or not sample.hashes or question.distance > REACH:
        return False
    hashes = _count(client, index, _hashes("image"), ALL_ARE_COMPARED + 1)
    if hashes is None or hashes <= ALL_ARE_COMPARED:
        return False
    # Takes as long as a search does, but Elasticsearch remembers the answer until the index changes.
    return _count(client, index, without_bands("image"), 1) == 0


def without_bands(target: str) -> Query:
    """Finds documents with a hash that cannot be found by its bands: they are older than that field."""
    return _hashes(target, must_not=[{"exists": {"field": bands_of(target)}}])


def bands_of(target: str) -> str:
    """The field of the bands of the pictures in `target`."""
    return f"{target}.perceptual_hashes.bands"


def _hashes(target: str, **more: Any) -> Query:
    path = bands_of(target).rpartition(".")[0]
    there = {"bool": {"filter": [{"exists": {"field": f"{path}.hex"}}], **more}}
    return {"nested": {"path": path, "query": there, "ignore_unmapped": True}}


def _count(client: Elasticsearch, index: str, query: Query, most: int) -> int | None:
    """How many documents the query finds; not more than `most` are counted. None when there was no time to."""
    found = client.search(
        index=index, size=0, query=query, track_total_hits=most, timeout=TIMEOUT, ignore_unavailable=True
    )
    return None if found.get("timed_out") else int(found["hits"]["total"]["value"])
