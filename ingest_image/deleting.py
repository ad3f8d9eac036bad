"""Deletes documents as they were found: what somebody has written meanwhile stays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from elasticsearch import Elasticsearch

from pipelines.cluster.bulks import failure_of, send_bulks, status_of, stop_if_hopeless

from .defaults import BULK_BYTES

_GONE, _CHANGED = 404, 409


@dataclass
class Deleted:
    """How many were deleted, and how many others had changed meanwhile; `id` and `reason` of those that failed."""

    deleted: int = 0
    changed: int = 0
    failed: list[dict[str, str]] = field(default_factory=list)


def delete_hits(client: Elasticsearch, hits: Iterable[dict[str, Any]], done: Deleted, *, at_once: bool = False) -> None:
    """Delete these hits of a search that asked for sequence numbers, and count them in `done`.

    A busy node is waited for. Raises BulkStopped when the others would fail in the same way. `at_once`, for a person
    who waits: neither of both.
    """
    actions = (
        {
            "_op_type": "delete",
            "_index": hit["_index"],
            "_id": hit["_id"],
            # Only as it was found.
            "if_seq_no": hit["_seq_no"],
            "if_primary_term": hit["_primary_term"],
            **({"routing": hit["_routing"]} if "_routing" in hit else {}),
        }
        for hit in hits
    )
    for ok, item in send_bulks(client, actions, pipeline=None, max_bytes=BULK_BYTES, max_retries=1 if at_once else 6):
        if ok:
            done.deleted += 1
        elif status_of(item) in (_GONE, _CHANGED):
            done.changed += 1
        else:
            done.failed.append({"id": item["_id"], "reason": failure_of(item)})
            if not at_once:
                stop_if_hopeless(item, item["_id"])
