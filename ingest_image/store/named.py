"""The pictures in the store that documents name, read from the documents themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from elasticsearch import AuthorizationException, Elasticsearch

from processor_service.store.addresses import ADDRESS

_PAGE = 500
# For one page: `store check` reads every picture of it meanwhile, and a slow store takes its time.
_KEEP_ALIVE = "30m"
# At any depth, whatever the target is called, and whatever the mapping says; also as a dotted name.
_FIELDS = ("stored", "**.stored")


@dataclass(frozen=True)
class Named:
    """A document, and the addresses in the store that it names."""

    index: str
    id: str
    keys: tuple[str, ...]


def documents(client: Elasticsearch, index: str) -> Iterator[Named]:
    """The documents that name a picture in the store, as they are now, in all indices that `index` stands for.

    All documents are read, without their pictures: one in an index without our mapping counts as well.
    """
    # With a point in time, what is written meanwhile does not move documents from one page to another.
    point = client.open_point_in_time(index=index, keep_alive=_KEEP_ALIVE).body["id"]
    after: list[Any] | None = None
    try:
        while True:
            answer = client.search(
                pit={"id": point, "keep_alive": _KEEP_ALIVE},
                size=_PAGE,
                sort=["_shard_doc"],
                source_includes=list(_FIELDS),
                track_total_hits=False,
                # A shard that is missing would be documents that are missing.
                allow_partial_search_results=False,
                search_after=after,
            ).body
            point = answer.get("pit_id", point)
            hits = answer["hits"]["hits"]
            if not hits:
                return
            for hit in hits:
                if keys := tuple(dict.fromkeys(_keys(hit.get("_source")))):
                    yield Named(hit["_index"], hit["_id"], keys)
            after = hits[-1]["sort"]
    finally:
        client.close_point_in_time(id=point)


def count(client: Elasticsearch, index: str) -> int:
    """How many documents there are."""
    return int(client.count(index=index).body["count"])


def refreshed(client: Elasticsearch, index: str) -> bool:
    """Make the last writes visible to searches; says whether the user may do that."""
    try:
        client.indices.refresh(index=index)
    except AuthorizationException:
        return False
    return True


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, str) and re.fullmatch(ADDRESS, value):
        yield value
    elif isinstance(value, list):
        for part in value:
            yield from _keys(part)
    elif isinstance(value, dict):
        for part in value.values():
            yield from _keys(part)
