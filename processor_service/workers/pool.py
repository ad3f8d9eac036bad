"""Does jobs with workers behind a bounded queue. A job gets its answer whatever happens to a worker."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any

import structlog

from ..document import is_at_fault
from ..errors import ImageError
from .crew import Crew, State
from .losses import Losses
from .patience import Pace, check_wanted
from .protocol import Job
from .worker import Answer, Lost
from .worker_source import WORKER

log = structlog.get_logger("processor_service")

# By the clock a picture may take this many times its processor time: on a busy machine it gets only part of a core.
WALL = 2.5
# Raises when nobody waits for a picture any more. The argument says whether a worker has begun it.
Check = Callable[[bool], None]


class WorkerPool:
    """`size` workers. Up to `queue_size` requests wait for one of them; others are refused as busy.

    `timeout`: processor time for one picture, in seconds. `waits`: whether a picture waits for workers that all stand
    still. It must not where nobody asks for the state of these workers before sending them pictures.
    """

    def __init__(
        self,
        size: int,
        queue_size: int,
        timeout: float,
        on_replaced: Callable[[str], None] = lambda _: None,
        command: Sequence[str] = WORKER,
        mark_key: bytes = b"",
        waits: bool = True,
    ) -> None:
        self.size, self.queue_size, self.timeout, self._waits = size, queue_size, timeout, waits
        self.pending = 0
        self.crew = Crew(size, timeout, on_replaced, command, mark_key)
        self._pace = Pace()
        self._counting = threading.Lock()

    def run(
        self,
        body: bytes,
        job: Job = Job.PROCESS,
        deadline: float | None = None,
        gone: Callable[[], bool] = lambda: False,
    ) -> Answer:
        """Do one job with a request body, whatever happens to the worker.

        Raises ImageError `busy`, and `no_worker` when there is none to wait for. Raises `overdue` or `abandoned` when
        nobody waits for the answer any more: after `deadline` (of time.monotonic(); None: no limit), or when the client
        is `gone`. It is `abandoned` when a worker had begun the picture.
        """

        losses = Losses(self.timeout, WALL * self.timeout)

        def check(begun: bool) -> None:
            check_wanted(deadline, gone, begun)
            if not begun and not self._waits:
                self.crew.check_moves()

        with self._counting:
            self._pace.check_queue(self.pending - self.size, self.size, self.queue_size, deadline)
            self.pending += 1
        try:
            result = self._tried(job, body, check, losses)
            if isinstance(result, Answer):
                return result
            # A malicious file may take long to cut, so a worker does that, too.
            stays = self._cut(body, check) if job is Job.PROCESS and is_at_fault(result) else {}
            return Answer.refusal(result, stays)
        finally:
            with self._counting:
                self.pending -= 1

    def _tried(self, job: Job, body: bytes, check: Check, losses: Losses) -> Answer | ImageError:
        """A worker's answer, or the reason to refuse the picture when it got none."""
        while True:
            try:
                return self._ask_one(job, body, check, begun=losses.begun(), first=losses.goes_first())
            except Lost as loss:
                if refusal := losses.count(loss.why):
                    return refusal

    def _ask_one(self, job: Job, body: bytes, check: Check, begun: bool, first: bool) -> Answer:
        """The answer of one worker. Raises Lost when it gave none. Another worker takes its place."""
        worker = self.crew.take(lambda: check(begun), first=first)
        start = time.monotonic()
        try:
            answer = worker.ask(job, body, WALL * self.timeout, lambda: check(True))
        except Lost as loss:
            log.warning("worker lost", why=loss.why, exit_code=loss.code)
            self.crew.replace(worker, loss.why)
            raise
        except ImageError:
            # Nobody waits for the picture any more.
            self.crew.replace(worker, "abandoned")
            raise
        except BaseException:
            # Bytes left in its socket must not reach the next picture.
            self.crew.replace(worker, "stalled")
            raise
        else:
            self.crew.put(worker)
            return answer
        finally:
            self._pace.took(time.monotonic() - start)

    def _cut(self, body: bytes, check: Check) -> dict[str, Any]:
        """What may be stored of a picture that killed its worker; nothing when it kills the next one, too."""
        try:
            answer = self._ask_one(Job.CUT, body, check, begun=True, first=True)
        except Lost:
            return {"data": None}
        if answer.summary["status"] != HTTPStatus.OK:
            return {"data": None}
        return {"data": answer.body.decode() or None} if answer.summary["stays"] else {}

    def load(self) -> dict[str, int | float]:
        """How many pictures wait, and how long recent ones took on average: so how long a new picture would wait.

        Also the seconds by the clock after which the service gives up on a picture that a worker has begun.
        """
        return {
            "pictures_waiting": max(0, self.pending - self.size),
            "seconds_per_picture": round(self._pace.seconds, 3),
            "most_seconds_per_picture": WALL * self.timeout,
        }

    def ready(self) -> bool:
        """Whether a picture would be processed, at once or after others."""
        return self.state() == "ready"

    def state(self) -> State:
        """The same, and why not (Crew.state)."""
        return self.crew.state()

    def stop(self) -> None:
        """End all processes."""
        self.crew.stop()
