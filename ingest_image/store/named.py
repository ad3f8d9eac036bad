"""The pictures in the store that documents name, read from the documents themselves."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from elasticsearch import AuthorizationException, Elasticsearch

from pipelines.cluster.sources import expanded
from processor_service.store.addresses import ADDRESS, PREFIX

_PAGE = 500
# For one page: `store check` reads every picture of it meanwhile, and a slow store takes its time.
_KEEP_ALIVE = "30m"
# At any depth, whatever the target is called, and whatever the mapping says; also as a dotted name.
_FIELDS = ("stored", "**.stored")
# What processing leaves beside the address.
_BESIDE = ("sha256", "**.sha256", "mark", "**.mark")


@dataclass(frozen=True)
class Named:
    """A document, and the addresses in the store that it names.

    `broken`: addresses beside the SHA-256 of another picture; "" for fields without address.
    """

    index: str
    id: str
    keys: tuple[str, ...]
    broken: tuple[str, ...] = ()


def documents(
    client: Elasticsearch, index: str, seen: Callable[[int], None], *, compared: bool = False
) -> Iterator[Named]:
    """The documents that name a picture in the store, as they are now, in all indices that `index` stands for.

    All documents are read, without their pictures: one in an index without our mapping counts as well. `seen` hears how
    many those were. `compared`: with what is broken.
    """
    fields = [*_FIELDS, *_BESIDE] if compared else list(_FIELDS)
    # With a point in time, what is written meanwhile does not move documents from one page to another.
    point = client.open_point_in_time(index=index, keep_alive=_KEEP_ALIVE).body["id"]
    after: list[Any] | None = None
    try:
        while True:
            answer = client.search(
                pit={"id": point, "keep_alive": _KEEP_ALIVE},
                size=_PAGE,
                sort=["_shard_doc"],
                source_includes=fields,
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
                keys = tuple(dict.fromkeys(_keys(hit.get("_source"))))
                broken = tuple(_broken(expanded(hit.get("_source")))) if compared else ()
                if keys or broken:
                    yield Named(hit["_index"], hit["_id"], keys, broken)
            seen(len(hits))
            after = hits[-1]["sort"]
    finally:
        client.close_point_in_time(id=point)


def without_picture(client: Elasticsearch, document: Named) -> int:
    """How many pictures of a document have fields, and neither an address nor bytes; reads those bytes."""
    fields = [*_FIELDS, *_BESIDE, "data", "**.data"]
    ids = {"ids": {"values": [document.id]}}
    hits = client.search(index=document.index, query=ids, source_includes=fields).body["hits"]["hits"]
    return sum(key == "" for hit in hits for key in _broken(expanded(hit.get("_source"))))


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


def _broken(value: Any) -> Iterator[str]:
    """Addresses beside a SHA-256 that is not theirs; "" for fields of a picture without address and bytes."""
    if isinstance(value, list):
        for part in value:
            yield from _broken(part)
    elif isinstance(value, dict):
        sha256, stored, ours = value.get("sha256"), value.get("stored"), isinstance(value.get("mark"), str)
        if isinstance(sha256, str) and stored is None:
            if ours and not value.get("data"):
                yield ""
        elif isinstance(sha256, str):
            # Anything may be there, also lists in each other as deep as can be.
            text = stored if isinstance(stored, str) else "[no text]"
            found = re.fullmatch(ADDRESS, text)
            if (ours or text.startswith(PREFIX)) and (found is None or found[3] != sha256):
                yield text
        for part in value.values():
            yield from _broken(part)


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, str) and re.fullmatch(ADDRESS, value):
        yield value
    elif isinstance(value, list):
        for part in value:
            yield from _keys(part)
    elif isinstance(value, dict):
        for part in value.values():
            yield from _keys(part)
