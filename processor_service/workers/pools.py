"""Both kinds of workers as one: a recipe that recognizes something is done as a whole by a recognizer.

A worker that is handed such a recipe says so before it decodes anything. Each kind has a queue of its own, so that
other pictures never wait for recognition.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from ..errors import Code, ImageError
from ..settings import Settings
from .crew import State
from .lack import identity_lack, number
from .pool import WorkerPool
from .protocol import HAND_ON, Job
from .worker import Answer
from .worker_source import RECOGNIZER, WORKER


def most_pictures(settings: Settings) -> int:
    """Most pictures that are in work or wait for it."""
    recognizers = number(settings)
    return settings.workers + settings.queue_size + (recognizers and recognizers + settings.queue_size)


class Pools:
    """Workers, and recognizers where there are any. `on_replaced` is told why a worker or recognizer was replaced."""

    def __init__(
        self,
        settings: Settings,
        on_replaced: Callable[[str], None] = lambda _: None,
        on_recognizer_replaced: Callable[[str], None] = lambda _: None,
    ) -> None:
        def pool(size: int, on_replaced: Callable[[str], None], command: tuple[str, ...], waits: bool) -> WorkerPool:
            key, timeout = settings.mark_key(), settings.picture_timeout
            return WorkerPool(size, settings.queue_size, timeout, on_replaced, command, key, waits)

        self.workers = pool(settings.workers, on_replaced, WORKER, waits=True)
        size = number(settings)
        self._identity = identity_lack(settings) is None
        # Nodes keep away from a service whose workers stand still. Of its recognizers, only an answer tells them.
        self.recognizers = pool(size, on_recognizer_replaced, RECOGNIZER, waits=False) if size else None

    def run(
        self,
        body: bytes,
        job: Job = Job.PROCESS,
        deadline: float | None = None,
        gone: Callable[[], bool] = lambda: False,
    ) -> Answer:
        """Do one job, as WorkerPool.run does."""
        answer = self.workers.run(body, job, deadline, gone)
        if answer.summary["code"] == HAND_ON:
            if self.recognizers is None:
                raise ImageError(Code.RECOGNITION_OFF, "the recipe needs recognition, and there are no recognizers")
            answer = self.recognizers.run(body, job, deadline, gone)
            answer.summary["recognized"] = True
        return answer

    def load(self) -> dict[str, Any]:
        """What waits for a worker, and for a recognizer (WorkerPool.load)."""
        of_recognizers: dict[str, Any] = {"recognizers": 0}
        if self.recognizers:
            # `identity`: whether they can tell whose faces there are.
            load = self.recognizers.load()
            of_recognizers = {"recognizers": self.recognizers.size, "identity": self._identity, **load}
        return {**self.workers.load(), "recognition": of_recognizers}

    def state(self) -> State:
        """Whether a picture that wants no recognition would be processed (Crew.state)."""
        return self.workers.state()

    def recognition(self) -> State | Literal["off"]:
        """Whether one that wants it would be; `off` where there are no recognizers."""
        return self.recognizers.state() if self.recognizers else "off"

    def stop(self) -> None:
        """End all processes."""
        self.workers.stop()
        if self.recognizers:
            self.recognizers.stop()
