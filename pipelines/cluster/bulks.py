"""Bulks of pictures: small, patient with a busy service, and with one reason for each item that failed."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import closing
from typing import Any, cast

from elasticsearch import ApiError, Elasticsearch
from elasticsearch.helpers import streaming_bulk

from .reasons import reason_of, reason_of_cause

# A service or node that is restarting.
_UNAVAILABLE = (502, 503, 504)
_BUSY = 429
_UNANSWERED = 500
# Of what the processor `fail` refuses, and of what was accepted and not written.
_FAIL, _NOT_WRITTEN = "fail_processor_exception", "not_written"
_TRIED_AGAIN = (_BUSY, *_UNAVAILABLE)
# Seconds: pictures take time.
_PATIENCE = 300
# Codes by which the plugin says that it is the node that lacks something.
_OF_THE_NODE = ("results_memory_full", "node_starting", "node_closing")
# Gets who is waited for, and why.
Tell = Callable[[str, str], None]


class BulkStopped(Exception):
    """Going on would only fail in the same way; the message says why. `status` is that of the item."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


def send_bulks(
    client: Elasticsearch,
    actions: Iterable[dict[str, Any]],
    *,
    pipeline: str | None,
    max_bytes: int,
    max_retries: int,
    initial_backoff: float = 1,
    tell: Tell = lambda whom, why: None,
) -> Generator[tuple[bool, dict[str, Any]], None, None]:
    """Send the actions in requests of `max_bytes`; yields for each whether it went well, and its item.

    To be closed when not all of it is read: what traces the requests (OpenTelemetry) fails in the garbage collector.

    What is busy or restarting is sent again with growing pauses, which begin with `initial_backoff` seconds. `tell` is
    called before each pause.
    """
    # The transport's own retries come at once, and would only add to the load.
    patient = client.options(retry_on_status=(), request_timeout=_PATIENCE)
    sent = streaming_bulk(
        cast(Elasticsearch, _Telling(patient, tell)),
        actions,
        max_chunk_bytes=max_bytes,
        raise_on_error=False,
        raise_on_exception=False,
        retry_on_status=_TRIED_AGAIN,
        max_retries=max_retries,
        initial_backoff=initial_backoff,
        max_backoff=30,
        pipeline=pipeline,
    )
    # The client says that it is an iterable only.
    with closing(cast("Generator[tuple[bool, dict[str, Any]], None, None]", sent)) as results:
        for ok, item in results:
            yield _as_written(ok, next(iter(item.values())))


def _as_written(ok: bool, item: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
    """The same, but what Elasticsearch has accepted and not written was refused: with why, and as 400."""
    if ok and (why := why_not_written(item)):
        return False, item | {"status": 400, "error": {"type": _NOT_WRITTEN, "reason": why}}
    return ok, item


def why_not_written(answer: Mapping[str, Any]) -> str:
    """Why a document is not there although Elasticsearch has accepted it, by its answer; empty if it is there."""
    if answer.get("result") == "noop":
        return "a pipeline drops it"
    if answer.get("failure_store") == "used":
        return "its pipeline refused it; why is in the failure store of the data stream"
    return ""


class _Telling:
    """A client that tells of answers after which `streaming_bulk` waits; that itself says nothing."""

    def __init__(self, client: Elasticsearch, tell: Tell) -> None:
        self._client, self._tell = client, tell

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def options(self, **options: Any) -> _Telling:
        return _Telling(self._client.options(**options), self._tell)

    def bulk(self, *args: Any, **params: Any) -> Any:
        try:
            answer = self._client.bulk(*args, **params)
        except ApiError as error:
            if error.status_code in _TRIED_AGAIN:
                self._tell(*_whom_and_why(reason_of(error)))
            raise
        for item in answer["items"]:
            (result,) = item.values()
            if status_of(result) in _TRIED_AGAIN:
                self._tell(*_whom_and_why(reason_of_cause(result.get("error"))))
                break
        return answer


def _whom_and_why(reason: str) -> tuple[str, str]:
    code = re.match(r"\[(\w+)\]", reason)
    return "the processor service" if code and code[1] not in _OF_THE_NODE else "Elasticsearch", reason


def of_index(name: str, index: str, uuid: str) -> str:
    """The `X-Opaque-Id` of who only writes back what it has read from the index of this name and UUID.

    The plugin refuses its documents when the index was deleted, or made again, or a pipeline sends them to another one
    (DeletedIndices.java).
    """
    return f"{name} index={urllib.parse.quote(index, safe='')} uuid={uuid}"


def bulks_under_way(client: Elasticsearch) -> set[str]:
    """The `X-Opaque-Id` of each bulk that a node works on, be its sender alive or not.

    Raises AuthorizationException without the privilege `monitor`.
    """
    # Requested by its path, because the client's method warns that the API is a preview.
    answer = client.perform_request(
        "GET", "/_tasks", params={"actions": "indices:data/write/bulk*"}, headers={"accept": "application/json"}
    )
    tasks = [task for node in answer.body.get("nodes", {}).values() for task in node.get("tasks", {}).values()]
    return {id_ for task in tasks if (id_ := task.get("headers", {}).get("X-Opaque-Id"))}


def failure_of(item: dict[str, Any]) -> str:
    """Status and innermost reason of an item that failed, without the document that it holds."""
    exception = item.get("exception")
    reason = reason_of(exception) if isinstance(exception, ApiError) else reason_of_cause(item.get("error"))
    return f"{item.get('status', _UNANSWERED)} {reason}"


def status_of(item: dict[str, Any]) -> int:
    """HTTP status of an item; 500 for a request that got no answer.

    400 for what the processor `fail` refuses: Elasticsearch says 500 of it, as if the node had a defect.
    """
    return 400 if _type_of(item) == _FAIL else int(item.get("status", _UNANSWERED))


def is_by_pipeline(item: dict[str, Any]) -> bool:
    """Whether its pipeline has refused or dropped an item: maybe as one of its processors failed (`on_failure`)."""
    return _type_of(item) in (_FAIL, _NOT_WRITTEN)


def _type_of(item: dict[str, Any]) -> str:
    error = item.get("error")
    return str(error.get("type")) if isinstance(error, dict) else ""


def stop_if_hopeless(item: dict[str, Any], name: str) -> None:
    """Raise BulkStopped when the failure of `name` will be that of all others: no privilege, no service."""
    if status_of(item) in (401, 403, *_UNAVAILABLE):
        raise BulkStopped(f"stopped at {name}: {failure_of(item)}", status_of(item))
