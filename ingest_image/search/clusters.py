"""Finds clusters of near duplicates in a whole index, page by page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from elasticsearch import Elasticsearch

from pipelines.cluster.sources import value_at

from .engine import Engine
from .hashes import SAME_PICTURE
from .hits import Hit, hit_of
from .near_pairs import as_hashes, near_pairs
from .queries import LIGHT
from .sample import sample_of

Key = tuple[str, str]
_PAGE = 1000
_KEEP_ALIVE = "5m"


class Union:
    """Union-find over keys. It holds only keys that were joined, so its size is that of the clusters."""

    def __init__(self) -> None:
        self._parent: dict[Key, Key] = {}

    def root(self, key: Key) -> Key:
        """The key that represents the cluster of `key`."""
        top = key
        while (above := self._parent.get(top, top)) != top:
            top = above
        while key != top:
            self._parent[key], key = top, self._parent.get(key, key)
        return top

    def join(self, one: Key, other: Key) -> None:
        """Put both into one cluster."""
        first, second = sorted((self.root(one), self.root(other)))
        self._parent.setdefault(first, first)
        self._parent[second] = first

    def clusters(self) -> list[list[Key]]:
        """All clusters, the largest first."""
        members: dict[Key, list[Key]] = defaultdict(list)
        for key in self._parent:
            members[self.root(key)].append(key)
        return sorted((sorted(keys) for keys in members.values()), key=lambda keys: (-len(keys), keys))


def find_clusters(
    engine: Engine,
    distance: int = SAME_PICTURE,
    turned: bool = False,
    tick: Callable[[int], None] = lambda count: None,
) -> list[list[Key]]:
    """Keys (index, id) of documents that are exact copies or the same picture, joined over common neighbours.

    Holds hash and key of every picture in memory, about 500 bytes each. `tick` gets the number of documents of a page.
    """
    union = Union()
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
    return union.clusters()


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
    client, path = engine.client, "image.perceptual_hashes"
    pit = client.open_point_in_time(index=engine.index, keep_alive=_KEEP_ALIVE, ignore_unavailable=True)["id"]
    after: list[Any] | None = None
    try:
        while True:
            found = client.search(
                pit={"id": pit, "keep_alive": _KEEP_ALIVE},
                query={
                    "nested": {"path": path, "query": {"exists": {"field": f"{path}.hex"}}, "ignore_unmapped": True}
                },
                sort=["_shard_doc"],
                search_after=after,
                size=_PAGE,
                source_includes=[f"{path}.hex"],
                track_total_hits=False,
            )
            pit, raw = found.get("pit_id", pit), found["hits"]["hits"]
            if raw:
                yield [hit_of(hit) for hit in raw]
            if len(raw) < _PAGE:
                return
            after = raw[-1]["sort"]
    finally:
        client.options(ignore_status=404).close_point_in_time(id=pit)


def described(client: Elasticsearch, keys: list[Key]) -> list[Hit]:
    """The documents of a cluster, the largest picture first, as that is the one to keep."""
    docs = [{"_index": index, "_id": id} for index, id in keys]
    found = client.mget(docs=docs, source_excludes=LIGHT["excludes"])["docs"]
    return sorted((hit_of(raw) for raw in found if raw.get("found")), key=_worse)


def _worse(hit: Hit) -> tuple[int, int, Key]:
    picture = hit.first
    return -(picture.width or 0) * (picture.height or 0), -(picture.bytes or 0), hit.key
