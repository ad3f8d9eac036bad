"""A fixed number of workers behind a bounded queue; one that hangs or dies is replaced."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

import structlog

from ..errors import Code, ImageError
from .patience import LOOK, Pace, check_wanted
from .worker import WORKER, Answer, Lost, Template, Why, Worker

log = structlog.get_logger("processor_service")

# A picture may take so many times its processor time by the wall clock: on a busy machine it gets a part of a core.
WALL = 2.5
# Seconds between two looks whether an idle worker has been killed.
_LOOK = 1.0
# Seconds before a worker that could not be started is tried again: doubled each time.
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0


class _Turn:
    """One request's place in the queue, until it is given a worker or an error."""

    def __init__(self) -> None:
        self.given = threading.Event()
        self.worker: Worker | None = None


class WorkerPool:
    """`size` workers; at most `queue_size` requests wait for one of them, others are refused as busy.

    `timeout` is a picture's processor time in seconds. A thread of the pool keeps the number of workers: it replaces
    what has died, and tries again after growing pauses when the system gives it no process.
    """

    def __init__(
        self,
        size: int,
        queue_size: int,
        timeout: float,
        on_replaced: Callable[[str], None] = lambda _: None,
        command: Sequence[str] = WORKER,
        token: str = "",
    ) -> None:
        self.size, self.queue_size, self.timeout = size, queue_size, timeout
        self.pending = 0
        self._pace = Pace()
        self._on_replaced, self._command, self._token = on_replaced, command, token
        self._changed = threading.Condition()
        self._workers: set[Worker] = set()
        # Last in, first out: a quiet service keeps using the process whose caches are warm.
        self._idle: list[Worker] = []
        self._waiting: deque[_Turn] = deque()
        self._template: Template | None = None
        self._failed = self._stopped = False
        threading.Thread(target=self._keep, name="workers", daemon=True).start()

    def run(
        self,
        body: bytes,
        job: bytes = b"process",
        deadline: float | None = None,
        gone: Callable[[], bool] = lambda: False,
    ) -> Answer:
        """Do one job (worker.py) with a request body, whatever becomes of the process.

        Raises ImageError `busy`; `no_worker` when none can be started; and `overdue` when nobody waits for the answer
        any more: after `deadline` (of time.monotonic(); None: no limit), or when the client is `gone`.
        """

        def check() -> None:
            check_wanted(deadline, gone)

        with self._changed:
            self._pace.check_line(self.pending - self.size, self.size, self.queue_size, deadline)
            self.pending += 1
        try:
            lost: list[Why] = []
            while lost.count("crash") < 2 and lost.count("killed") < 2:
                # Who lost a worker to a kill from outside has waited; what killed one waits behind those that have not.
                worker = self._take(check, first=lost[-1:] == ["killed"])
                start = time.monotonic()
                try:
                    answer = worker.ask(job, body, WALL * self.timeout, check)
                except Lost as loss:
                    log.warning("worker lost", why=loss.why, exit_code=loss.code)
                    self._replace(worker, loss.why)
                    if refusal := self._refusal(loss.why):
                        return Answer.refusal(refusal, body)
                    lost.append(loss.why)
                except ImageError:
                    # Nobody waits for the picture any more.
                    self._replace(worker, "overdue")
                    raise
                except BaseException:
                    # What is still in its socket is not for the next picture.
                    self._replace(worker, "stalled")
                    raise
                else:
                    self._put(worker)
                    return answer
                finally:
                    self._pace.took(time.monotonic() - start)
            if lost.count("killed") == 2:
                refusal = ImageError(Code.INTERRUPTED, "somebody ended the worker, twice; send the picture again")
            else:
                refusal = ImageError(Code.PICTURE_CRASHED, "the picture killed the process that decoded it, twice")
            return Answer.refusal(refusal, body)
        finally:
            with self._changed:
                self.pending -= 1

    def load(self) -> dict[str, int | float]:
        """What waits, and what recent pictures took on average: together, how long a new one would wait."""
        waiting = max(0, self.pending - self.size)
        return {"pictures_waiting": waiting, "seconds_per_picture": round(self._pace.seconds, 3)}

    def ready(self) -> bool:
        """Whether there is a worker: a picture would be processed, at once or after others."""
        with self._changed:
            self._forget_the_dead()
            return bool(self._workers)

    def stop(self) -> None:
        """End all processes."""
        with self._changed:
            self._stopped = True
            template, workers = self._template, list(self._workers)
            self._workers.clear()
            self._idle.clear()
            self._give_turns()
            self._changed.notify_all()
        for worker in workers:
            worker.stop()
        if template:
            template.stop()

    def _refusal(self, why: Why) -> ImageError | None:
        """The answer to a picture that need not be tried again."""
        if why == "timeout":
            reason = f"the picture took more than {self.timeout:g} s of processor time (IMAGE_PICTURE_TIMEOUT)"
            return ImageError(Code.PICTURE_TIMEOUT, reason)
        if why == "memory":
            reason = "the picture needs more memory than a worker may use (IMAGE_WORKER_MEMORY)"
            return ImageError(Code.OUT_OF_MEMORY, reason)
        if why == "stalled":
            reason = f"the picture was not done after {WALL * self.timeout:g} s, in which its worker got too little "
            return ImageError(Code.INTERRUPTED, reason + "of the processor; send it again")
        return None

    def _take(self, check: Callable[[], None], first: bool) -> Worker:
        check()
        turn = _Turn()
        with self._changed:
            if first:
                self._waiting.appendleft(turn)
            else:
                self._waiting.append(turn)
            self._give_turns()
        try:
            while not turn.given.wait(LOOK):
                check()
            check()
        except ImageError:
            self._give_up(turn)
            raise
        with self._changed:
            if turn.worker:
                return turn.worker
            if self._stopped:
                raise ImageError(Code.SHUTTING_DOWN, "the service is stopping")
            raise ImageError(Code.NO_WORKER, "no worker can be started; the service's log says why, and it tries again")

    def _give_up(self, turn: _Turn) -> None:
        with self._changed:
            if not turn.given.is_set():
                self._waiting.remove(turn)
                return
        if turn.worker:
            self._put(turn.worker)

    def _put(self, worker: Worker) -> None:
        with self._changed:
            if not self._stopped:
                self._idle.append(worker)
            self._give_turns()

    def _replace(self, worker: Worker, why: Why) -> None:
        worker.stop()
        self._on_replaced(why)
        with self._changed:
            self._workers.discard(worker)
            self._changed.notify_all()

    def _give_turns(self) -> None:
        """Give idle workers to those that wait. With the lock held."""
        self._forget_the_dead()
        while self._waiting and self._idle:
            turn = self._waiting.popleft()
            turn.worker = self._idle.pop()
            turn.given.set()
        if self._stopped or (self._failed and not self._workers):
            while self._waiting:
                self._waiting.popleft().given.set()

    def _forget_the_dead(self) -> None:
        """Drop idle workers that somebody has killed. With the lock held."""
        dead = [worker for worker in self._idle if not worker.is_alive()]
        for worker in dead:
            self._idle.remove(worker)
            self._workers.discard(worker)
            worker.stop()
            self._on_replaced("killed")
        if dead:
            self._changed.notify_all()

    def _keep(self) -> None:
        """Keep the number of workers, in a thread of its own, until the pool is stopped."""
        pause = 0.0
        while True:
            with self._changed:
                if pause:
                    self._changed.wait_for(lambda: self._stopped, pause)
                while not self._stopped and len(self._workers) >= self.size:
                    self._changed.wait(_LOOK)
                    self._forget_the_dead()
                if self._stopped:
                    return
            try:
                worker = self._start()
            except Exception as error:
                pause = min(max(2 * pause, _SHORTEST_PAUSE), _LONGEST_PAUSE)
                log.error("no worker", reason=f"{type(error).__name__}: {error}", again_in_seconds=pause)
                with self._changed:
                    self._failed = True
                    self._give_turns()
                continue
            pause = 0.0
            with self._changed:
                self._failed = False
                if not self._stopped:
                    self._workers.add(worker)
                    self._idle.append(worker)
                    self._give_turns()
                    continue
            worker.stop()

    def _start(self) -> Worker:
        """A new worker. Raises whatever the system refuses; the template is another one next time if it is at fault."""
        if self._template is None or not self._template.is_alive():
            self._end_template()
            with self._changed:
                if self._stopped:
                    raise ImageError(Code.SHUTTING_DOWN, "the service is stopping")
                self._template = Template(self._command)
            try:
                self._template.load(self._token)
            except OSError:
                self._end_template()
                raise
        try:
            return self._template.fork(self.timeout)
        except (ConnectionError, TimeoutError, ValueError):
            # It ends with the workers it still has, and their pictures are tried again.
            self._end_template()
            raise

    def _end_template(self) -> None:
        if self._template:
            self._template.stop()
            self._template = None
