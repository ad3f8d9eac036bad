"""Finds clusters of near duplicates in a whole index, page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from elasticsearch import Elasticsearch

from pipelines.cluster.sources import value_at

from ..search.comparing.hashes import SAME_PICTURE
from ..search.comparing.union import Key, Union
from ..search.engine import Engine
from ..search.found.hits import Hit, hit_of
from ..search.pages import pages
from ..search.questions.sample import sample_of
from .likeness_pairs import join_copies
from .near_pairs import as_hashes, near_pairs

_PAGE = 1000


def find_clusters(
    engine: Engine,
    distance: int = SAME_PICTURE,
    turned: bool = False,
    nearest: int = 0,
    tick: Callable[[str, int], None] = lambda what, count: None,
) -> list[list[Key]]:
    """Keys (index, id) of documents that are copies of each other, joined over common neighbours.

    Copies have the same bytes, or hashes up to `distance` bits apart, or pixels that agree: of each picture with those
    of its `nearest` ones by likeness. `tick` gets what was done with the documents of a page, and how many they are.
    """
    union = Union()
    _join_by_hash(engine, union, distance, turned, partial(tick, "read"))
    if nearest:
        join_copies(engine, union, nearest, partial(tick, "compared"))
    return union.clusters()


def _join_by_hash(engine: Engine, union: Union, distance: int, turned: bool, tick: Callable[[int], None]) -> None:
    """Holds hash and key of every picture in memory, about 500 bytes each."""
    field = engine.schema.countable("image.sha256")
    for group in exact_groups(engine.client, engine.index, field) if field else ():
        for other in group[1:]:
            union.join(group[0], other)
    owners: dict[str, Key] = {}
    for page in documents(engine):
        for hit in page:
            for value in sample_of(hit.id, value_at(hit.source, "image")).hashes:
                # Equal hashes are one cluster without a comparison.
                if (owner := owners.setdefault(value, hit.key)) != hit.key:
                    union.join(owner, hit.key)
        tick(len(page))
    keys = list(owners.values())
    for pairs in near_pairs(as_hashes(list(owners)), distance, turned):
        for one, other in pairs.T.tolist():
            if keys[one] != keys[other]:
                union.join(keys[one], keys[other])


def exact_groups(client: Elasticsearch, index: str, field: str = "image.sha256") -> Iterator[list[Key]]:
    """Keys of documents that share a SHA-256, by a composite aggregation over all of them, page by page."""
    composite: dict[str, Any] = {"size": 1000, "sources": [{"sha256": {"terms": {"field": field}}}]}
    while True:
        found = client.search(
            index=index, size=0, aggregations={"copies": {"composite": composite}}, ignore_unavailable=True
        ).get("aggregations")
        if not found:
            return
        shared = [bucket["key"]["sha256"] for bucket in found["copies"]["buckets"] if bucket["doc_count"] > 1]
        for value in shared:
            query = {"term": {field: value}}
            hits = client.search(index=index, query=query, size=10_000, source=False, sort="_doc")["hits"]["hits"]
            yield [(hit["_index"], hit["_id"]) for hit in hits]
        if "after_key" not in found["copies"]:
            return
        composite["after"] = found["copies"]["after_key"]


def documents(engine: Engine) -> Iterator[list[Hit]]:
    """All documents that have a hash, page by page, from one state of the index."""
    path = "image.perceptual_hashes"
    query = {"nested": {"path": path, "query": {"exists": {"field": f"{path}.hex"}}, "ignore_unmapped": True}}
    for page in pages(engine, query, _PAGE, source_includes=[f"{path}.hex"]):
        yield [hit_of(hit) for hit in page]
