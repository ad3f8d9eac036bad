"""Bulks of pictures: small, patient with a busy service, and with one reason for each item that failed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from elasticsearch import ApiError, Elasticsearch
from elasticsearch.helpers import streaming_bulk

from .reasons import reason_of, reason_of_cause

# A service or node that is restarting.
_UNAVAILABLE = (502, 503, 504)
_BUSY = 429
# Seconds: pictures take time.
_PATIENCE = 300


class BulkStopped(Exception):
    """Going on would only fail in the same way; the message says why."""


def send_bulks(
    client: Elasticsearch,
    actions: Iterable[dict[str, Any]],
    *,
    pipeline: str | None,
    max_bytes: int,
    max_retries: int,
    initial_backoff: float = 1,
) -> Iterator[tuple[bool, dict[str, Any]]]:
    """Send the actions in requests of `max_bytes`; yields for each whether it went well, and its item.

    What is busy or restarting is sent again with growing pauses, which begin with `initial_backoff` seconds.
    """
    # The transport's own retries come at once, and would only add to the load.
    patient = client.options(retry_on_status=(), request_timeout=_PATIENCE)
    results = streaming_bulk(
        patient,
        actions,
        max_chunk_bytes=max_bytes,
        raise_on_error=False,
        raise_on_exception=False,
        retry_on_status=(_BUSY, *_UNAVAILABLE),
        max_retries=max_retries,
        initial_backoff=initial_backoff,
        max_backoff=30,
        pipeline=pipeline,
    )
    for ok, item in results:
        yield ok, next(iter(item.values()))


def failure_of(item: dict[str, Any]) -> str:
    """Status and innermost reason of an item that failed, without the document that it holds."""
    exception = item.get("exception")
    reason = reason_of(exception) if isinstance(exception, ApiError) else reason_of_cause(item.get("error"))
    return f"{status_of(item)} {reason}"


def status_of(item: dict[str, Any]) -> int:
    """HTTP status of an item; 500 for a request that got no answer."""
    return int(item.get("status", 500))


def stop_if_hopeless(item: dict[str, Any], name: str) -> None:
    """Raise BulkStopped when the failure of `name` will be that of all others: no privilege, no service."""
    if status_of(item) in (401, 403, *_UNAVAILABLE):
        raise BulkStopped(f"stopped at {name}: {failure_of(item)}")
