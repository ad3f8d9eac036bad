"""Turns a request's body into a picture's answer, with one line in the log and one count in the metrics."""

from __future__ import annotations

import re
import select
import socket
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import structlog
from flask import Response, request

from ..document import is_at_fault
from ..errors import ImageError, causes
from ..fetching.by_address import ByAddress
from ..settings import Settings
from ..timing import Stopwatch
from ..workers.pools import Pools
from ..workers.protocol import Job
from ..workers.worker import Answer
from .held_bytes import HeldBytes
from .monitoring.metrics import Metrics
from .monitoring.request_ids import log_causes, request_id
from .monitoring.spans import Spans
from .stored_pictures import StoredPictures

if TYPE_CHECKING:
    from ..store.picture_store import PictureStore

log = structlog.get_logger("processor_service")

# Statuses of answers that say when to try again.
LATER = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
# Linux tells so of a connection whose client has closed it, or its half of it.
_HUNG_UP = getattr(select, "POLLRDHUP", 0)


class Answering:
    """What all routes that take pictures share."""

    def __init__(
        self,
        settings: Settings,
        pool: Pools,
        metrics: Metrics,
        held: HeldBytes,
        store: PictureStore | None = None,
        spans: Spans | None = None,
    ) -> None:
        self._by_address, self._pool, self._metrics, self._spans = ByAddress(settings), pool, metrics, spans
        self._held = held
        self._stored = StoredPictures(settings, store)

    def answer(self, body: bytes, job: Job = Job.PROCESS, beside: int = 0) -> Answer:
        """Do one job with a request body (docs/wire.md). Raises ImageError as the pool does.

        `beside`: bytes of the picture that the caller keeps meanwhile, beside those of its request.
        """
        start = time.perf_counter()
        self._metrics.pending.inc()
        try:
            answer = self._answer(body, job, beside)
        except ImageError as refusal:
            summary = {"status": int(refusal.code.status), "code": refusal.code.code, "seconds": {}}
            self._record(job, summary, time.perf_counter() - start, len(body))
            raise
        finally:
            self._metrics.pending.dec()
        seconds = time.perf_counter() - start
        self._record(job, answer.summary, seconds, len(body))
        log_causes(answer.summary["code"], answer.summary.pop("causes", None))
        level = "error" if answer.summary["status"] >= 500 else "info"
        getattr(log, level)(
            "picture",
            request_id=request_id(),
            received_bytes=len(body),
            total_seconds=round(seconds, 4),
            **answer.summary,
        )
        return answer

    def _record(self, job: Job, summary: dict[str, Any], seconds: float, received: int) -> None:
        self._metrics.record(summary, seconds, received)
        if self._spans:
            self._spans.record(job, summary, seconds, received)

    def _answer(self, body: bytes, job: Job, beside: int) -> Answer:
        with self._held.picture() as picture:
            picture.holds(beside)
            return self._answer_holding(body, job, picture.holds)

    def _answer_holding(self, body: bytes, job: Job, holds: Callable[[int], None]) -> Answer:
        watch = Stopwatch()
        until, gone = deadline(), hung_up()
        try:
            completed = self._by_address.completed(body, watch, holds)
            completed = self._stored.completed(completed, until, watch, holds)
        except ImageError as refusal:
            if not is_at_fault(refusal):
                raise
            # What the document already has of this picture stays.
            log_causes(refusal.code.code, causes(refusal))
            return Answer.refusal(refusal, {})
        answer = self._pool.run(completed, job, until, gone)
        # With the pictures for the store, which may be slow.
        with self._held.more(len(answer.body)):
            answer = self._stored.kept(answer, until, watch)
        answer.summary["seconds"] |= watch.seconds
        return answer


def deadline() -> float | None:
    """When the client stops waiting, in monotonic seconds. None when it sent no X-Image-Patience (milliseconds)."""
    patience = request.headers.get("X-Image-Patience", "")
    return time.monotonic() + int(patience) / 1000 if re.fullmatch("[0-9]{1,9}", patience) else None


def hung_up() -> Callable[[], bool]:
    """A function that says whether the client has closed its connection. It works as long as the request lasts."""
    connection = request.environ.get("gunicorn.socket")

    def gone() -> bool:
        if connection is not None and _HUNG_UP:
            # Seen also behind bytes that nobody has read yet, such as the client's next request.
            poller = select.poll()
            poller.register(connection, _HUNG_UP)
            return bool(poller.poll(0))
        try:
            return connection is not None and not connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True

    return gone


def retry_after(error: ImageError) -> dict[str, str]:
    """The header that tells a client when to try again, in seconds; empty when trying again does not help."""
    return {"Retry-After": str(error.retry_after or 1)} if error.code.status in LATER else {}


def add_retry_after(response: Response) -> Response:
    """The same for an answer that was not made of an error, such as a worker's."""
    if response.status_code in LATER:
        response.headers.setdefault("Retry-After", "1")
    return response
