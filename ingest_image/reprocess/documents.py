"""Finds the documents of a run, and reads them a few MB at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from elasticsearch import Elasticsearch

from pipelines.cluster.makers import Maker
from pipelines.cluster.reasons import reason_of_cause

from . import outcome
from .adding import Lacking
from .mending import mend
from .selection import SURE, Query

_PAGE = 200
_BASE64 = 4 / 3
# Bytes for thumbnail and fields.
_BESIDE = 64 * 1024


@dataclass(frozen=True)
class FoundDocument:
    """A document that was found, and its approximate size in bytes; None if unknown before it is read."""

    id: str
    routing: str | None
    size: int | None


@dataclass(frozen=True)
class Document:
    """A document as it is now; `source` is None if it was deleted, or the index stores none.

    `problem`: why it cannot be read now.
    """

    id: str
    routing: str | None
    seq_no: int = -1
    primary_term: int = 0
    source: dict[str, Any] | None = None
    problem: str = ""


@dataclass(frozen=True)
class Reader:
    """Reads one index; `targets` are the fields with pictures."""

    client: Elasticsearch
    index: str
    targets: list[str]
    max_bytes: int
    with_vectors: bool
    # Whether the query also finds documents that have to be inspected.
    inspects: bool = False
    # Numeric fields with the sizes of a document's pictures.
    sizes: Sequence[str] = ()
    # What is known of the pipeline's targets, to mend documents by (mending.py).
    makers: Mapping[str, Maker] = field(default_factory=dict)
    banded: Sequence[str] = ()
    enriched: Sequence[str] = ()
    lacking: Mapping[str, Lacking] = field(default_factory=dict)
    # Where the pictures are that are looked for in documents that are inspected; None: those that are unprocessed.
    elsewhere: str | None = None

    def count(self, shard: str, limit: int, query: Query) -> int:
        """How many documents of a shard are to be done."""
        if self.inspects:
            return sum(1 for _ in self.scan(shard, limit, query))
        answer = self.client.search(
            index=self.index,
            preference=f"_shards:{shard}",
            size=0,
            track_total_hits=True,
            query=_until(limit, query),
        ).body
        return int(answer["hits"]["total"]["value"])

    def scan(self, shard: str, limit: int, query: Query) -> Iterator[FoundDocument]:
        """The documents of a shard in the order of their sequence numbers, up to `limit`.

        With `inspects`, without those that turn out to be processed. In a shard every document has another number. So a
        page begins where the last one ended, and no search context is kept open while pictures are processed.
        """
        last = -1
        while True:
            hits = self.client.search(
                index=self.index,
                preference=f"_shards:{shard}",
                size=_PAGE,
                query=_until(limit, query, last),
                sort=[{"_seq_no": {"order": "asc", "unmapped_type": "long"}}],
                source=outcome.telling(self.targets) if self.inspects else False,
                docvalue_fields=[{"field": name} for name in self.sizes],
                track_total_hits=False,
            ).body["hits"]["hits"]
            if not hits:
                return
            for hit in hits:
                found = FoundDocument(hit["_id"], hit.get("_routing"), size_of(hit))
                if not self.inspects or SURE in hit.get("matched_queries", ()) or self._is_wanted(found, hit):
                    yield found
            last = hits[-1]["sort"][0]

    def _is_wanted(self, found: FoundDocument, hit: dict[str, Any]) -> bool:
        source = hit.get("_source")
        if self.elsewhere is not None:
            return any(outcome.is_elsewhere(source, target, self.elsewhere) for target in self.targets)
        if not any(outcome.is_list(source, target) for target in self.targets):
            return any(outcome.is_unprocessed(source, target, whole=False) for target in self.targets)
        # The source filter may have left out pictures of a list.
        (whole,) = self._read([found])
        return any(outcome.is_unprocessed(whole.source, target) for target in self.targets)

    def read(self, found: Iterable[FoundDocument]) -> Iterator[Document]:
        """The documents as they are now, no more than about `max_bytes` of them in memory.

        A document of unknown size, such as a picture that failed, is read alone.
        """
        group: list[FoundDocument] = []
        room = self.max_bytes
        for document in found:
            size = self.max_bytes if document.size is None else document.size
            if group and size > room:
                yield from self._read(group)
                group, room = [], self.max_bytes
            group.append(document)
            room -= size
        if group:
            yield from self._read(group)

    def _read(self, group: list[FoundDocument]) -> Iterator[Document]:
        # From 9.2 on vectors are left out unless requested. A document written back without them would lose them.
        params = {"_source_exclude_vectors": "false"} if self.with_vectors else {}
        wanted = [{"_id": one.id} | ({"routing": one.routing} if one.routing else {}) for one in group]
        answer = self.client.perform_request(
            "POST",
            f"/{self.index}/_mget",
            params=params,
            headers={"accept": "application/json", "content-type": "application/json"},
            body={"docs": wanted},
        ).body
        for one, doc in zip(group, answer["docs"], strict=True):
            if doc.get("found"):
                source = doc.get("_source")
                mend(source, self.makers, self.banded, self.enriched, self.lacking)
                yield Document(one.id, one.routing, doc["_seq_no"], doc["_primary_term"], source)
            else:
                yield Document(one.id, one.routing, problem=reason_of_cause(doc["error"]) if "error" in doc else "")


def size_of(hit: dict[str, Any]) -> int | None:
    """About how many bytes a document has, by the sizes of its pictures, which are the only `fields` of the hit."""
    # Texts where the mapping of an index is another one.
    values = [value for found in hit.get("fields", {}).values() for value in found]
    sizes = [value for value in values if isinstance(value, int | float)]
    return int(sum(sizes) * _BASE64) + _BESIDE if sizes else None


def _until(limit: int, query: Query, after: int = -1) -> Query:
    return {"bool": {"filter": [query, {"range": {"_seq_no": {"gt": after, "lte": limit}}}]}}
