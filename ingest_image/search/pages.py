"""Reads all documents that a query finds, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .engine import Engine

_KEEP_ALIVE = "5m"


def pages(engine: Engine, query: dict[str, Any], size: int, **wanted: Any) -> Iterator[list[dict[str, Any]]]:
    """All documents that a query finds, `size` at a time, from one state of the index; `wanted` is what of each."""
    client = engine.client
    pit = client.open_point_in_time(index=engine.index, keep_alive=_KEEP_ALIVE, ignore_unavailable=True)["id"]
    after: list[Any] | None = None
    try:
        while True:
            found = client.search(
                pit={"id": pit, "keep_alive": _KEEP_ALIVE},
                query=query,
                sort=["_shard_doc"],
                search_after=after,
                size=size,
                track_total_hits=False,
                **wanted,
            )
            pit, raw = found.get("pit_id", pit), found["hits"]["hits"]
            if raw:
                yield raw
            if len(raw) < size:
                return
            after = raw[-1]["sort"]
    finally:
        client.options(ignore_status=404).close_point_in_time(id=pit)
