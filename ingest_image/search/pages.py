"""Reads all documents that a query finds, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from elasticsearch import Elasticsearch, NotFoundError

from .engine import Engine

_KEEP_ALIVE = "5m"


class Snapshot:
    """One state of the indices, which Elasticsearch keeps from one search to the next for `keep_alive`."""

    def __init__(self, client: Elasticsearch, index: str, keep_alive: str) -> None:
        self._client, self._keep_alive = client, keep_alive
        opened = client.open_point_in_time(index=index, keep_alive=keep_alive, ignore_unavailable=True)
        self._id: str = opened["id"]

    def search(self, **body: Any) -> dict[str, Any]:
        """The answer to a search of this state. Raises NotFoundError when it was not kept so long."""
        found = self._client.search(
            pit={"id": self._id, "keep_alive": self._keep_alive},
            # A shard that is missing would be documents that are missing.
            allow_partial_search_results=False,
            **body,
        ).body
        self._id = found.get("pit_id", self._id)
        return dict(found)

    def pages(self, query: dict[str, Any], size: int, **wanted: Any) -> Iterator[list[dict[str, Any]]]:
        """All documents of this state that a query finds, `size` at a time; `wanted` is what of each."""
        after: list[Any] | None = None
        while True:
            body = {"query": query, "sort": ["_shard_doc"], "search_after": after, "size": size}
            raw = self.search(**body, track_total_hits=False, **wanted)["hits"]["hits"]
            if raw:
                yield raw
            if len(raw) < size:
                return
            after = raw[-1]["sort"]

    def close(self) -> None:
        """Let Elasticsearch forget it."""
        self._client.options(ignore_status=404).close_point_in_time(id=self._id)


@contextmanager
def snapshot(engine: Engine, keep_alive: str = _KEEP_ALIVE) -> Iterator[Snapshot]:
    """The present state of the indices, until the end of the context."""
    opened = Snapshot(engine.client, engine.index, keep_alive)
    try:
        yield opened
    finally:
        opened.close()


def pages(engine: Engine, query: dict[str, Any], size: int, **wanted: Any) -> Iterator[list[dict[str, Any]]]:
    """All documents that a query finds, `size` at a time, each once; `wanted` is what of each.

    They are of one state of the indices. If the caller takes so long for a page that it was not kept, the others are
    of the state that is then the present one.
    """
    seen: set[tuple[str, str, str | None]] = set()
    while True:
        read = 0
        with snapshot(engine) as state:
            try:
                for page in state.pages(query, size, **wanted):
                    read += 1
                    if new := [hit for hit in page if _place(hit) not in seen]:
                        seen.update(map(_place, new))
                        yield new
                return
            except NotFoundError:
                # Not kept, or an index was deleted. If not even one page was to be had, it will not be better.
                if not read:
                    raise


def _place(hit: dict[str, Any]) -> tuple[str, str, str | None]:
    # Under another routing, an index may hold an id twice.
    return hit["_index"], hit["_id"], hit.get("_routing")
