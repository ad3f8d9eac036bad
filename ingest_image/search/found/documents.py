"""Reads single documents by index and id, also those whose place in the index was chosen by a routing of their own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from elasticsearch import Elasticsearch

from ..comparing.union import Key
from .hits import Hit

_MOST_FOUND = 10_000


def read_documents(client: Elasticsearch, keys: Sequence[Key], **source: Any) -> list[dict[str, Any]]:
    """Those of the documents (index, id) that there are, in this order; `source` says what of each.

    A document with a routing is not where its id says, and nobody who has only the id knows where. A search tells,
    which is only made for what was not found. One id under several routings of an index is nobody: it could be the
    wrong one that is changed.
    """
    there = _read(client, dict.fromkeys(keys), source)
    if missing := [key for key in keys if key not in there]:
        there |= _read(client, _routings(client, missing), source)
    return [there[key] for key in keys if key in there]


def read_hits(client: Elasticsearch, hits: Sequence[Hit], **source: Any) -> list[dict[str, Any]]:
    """Those of the documents that there still are, wherever they are; `source` says what of each."""
    docs = [{"_index": hit.index, "_id": hit.id} | ({"routing": hit.routing} if hit.routing else {}) for hit in hits]
    return [raw for raw in client.mget(docs=docs, **source)["docs"] if raw.get("found")] if docs else []


def _read(client: Elasticsearch, places: Mapping[Key, str | None], source: dict[str, Any]) -> dict[Key, dict[str, Any]]:
    """Those of the documents that there are; `places` are their routings."""
    if not places:
        return {}
    # In a body an id may be anything; in a path, `..` would be a step.
    docs = [
        {"_index": index, "_id": id} | ({"routing": routing} if routing else {})
        for (index, id), routing in places.items()
    ]
    answers = client.mget(docs=docs, **source)["docs"]
    return {key: raw for key, raw in zip(places, answers, strict=True) if raw.get("found")}


def _routings(client: Elasticsearch, keys: Sequence[Key]) -> dict[Key, str | None]:
    """The routings of the documents that have one, and only one."""
    by_index = defaultdict(list)
    for index, id in keys:
        by_index[index].append(id)
    these = [
        {"bool": {"filter": [{"term": {"_index": index}}, {"ids": {"values": ids}}]}} for index, ids in by_index.items()
    ]
    hits = client.search(
        index=sorted(by_index),
        ignore_unavailable=True,
        query={"bool": {"should": these}},
        size=_MOST_FOUND,
        source=False,
    )["hits"]["hits"]
    found: dict[Key, set[str]] = defaultdict(set)
    for hit in hits:
        if routing := hit.get("_routing"):
            found[hit["_index"], hit["_id"]].add(routing)
    return {key: next(iter(routings)) for key, routings in found.items() if len(routings) == 1}
