"""A fixed number of workers, and the queue for them. A worker that dies is replaced."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Literal

import structlog

from ..errors import Code, ImageError
from .patience import LOOK
from .standstill import NOTICED
from .worker import Why, Worker
from .worker_source import WorkerSource

log = structlog.get_logger("processor_service")

# Whether a picture would be processed.
State = Literal["ready", "starting", "stalled"]
# Seconds between two checks whether an idle worker has been killed, and whether workers stand still.
_LOOK = 1.0
# Seconds before the next attempt to start a worker after one failed; doubled each time.
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0


class _Turn:
    """One request's place in the queue, until it gets a worker or an error."""

    def __init__(self) -> None:
        self.given = threading.Event()
        self.worker: Worker | None = None


class Crew:
    """`size` workers, kept at that number by a thread of its own.

    It replaces workers that died. When the system gives it no process, it tries again after growing pauses. `timeout`:
    processor time for one picture, in seconds.
    """

    def __init__(
        self, size: int, timeout: float, on_replaced: Callable[[str], None], command: Sequence[str], mark_key: bytes
    ) -> None:
        self.workers: set[Worker] = set()
        self.source = WorkerSource(command, mark_key, timeout)
        self._size, self._on_replaced = size, on_replaced
        self._changed = threading.Condition()
        # Last in, first out: a quiet service keeps using the worker whose caches are warm.
        self._idle: list[Worker] = []
        # Workers killed while idle. The thread that replaces them cleans up after them.
        self._dead: list[Worker] = []
        self._waiting: deque[_Turn] = deque()
        self._failed = self._stopped = False
        threading.Thread(target=self._keep, name="workers", daemon=True).start()

    def state(self) -> State:
        """`ready` when there is a worker: a picture would be processed, at once or after others.

        `stalled` when all of them stand still, `starting` when there is none.
        """
        with self._changed:
            self._forget_the_dead()
            still = self._look_at(self.workers)
        return "starting" if not still else "stalled" if min(still) >= NOTICED else "ready"

    def check_moves(self) -> None:
        """Raise ImageError `no_worker` when all of them stand still. Others take the place of those that are idle.

        Nothing else would end these: a worker with a picture has some time for it, but they have none.
        """
        with self._changed:
            if self.state() != "stalled":
                return
            idle = list(self._idle)
            self._idle.clear()
        for worker in idle:
            self.replace(worker, "killed")
        raise ImageError(Code.NO_WORKER, "all of them stand still: stopped, or the system gives them nothing to go on")

    def stop(self) -> None:
        """End all processes."""
        with self._changed:
            self._stopped = True
            workers = list(self.workers)
            self.workers.clear()
            self._idle.clear()
            self._give_turns()
            self._changed.notify_all()
        for worker in workers:
            worker.stop()
        self.source.end()

    def take(self, check: Callable[[], None], first: bool) -> Worker:
        """A worker, when it is our turn; with `first`, before all that wait.

        Raises what `check` raises meanwhile, and ImageError `no_worker` or `shutting_down` when there is none to wait
        for.
        """
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
            self.put(turn.worker)

    def put(self, worker: Worker) -> None:
        """Give back a worker that has done its work."""
        with self._changed:
            if not self._stopped:
                self._idle.append(worker)
            self._give_turns()

    def replace(self, worker: Worker, why: Why) -> None:
        """End a worker that was taken. Another one is started in its place."""
        worker.stop()
        with self._changed:
            self.workers.discard(worker)
            self._changed.notify_all()
        self._on_replaced(why)

    def _give_turns(self) -> None:
        """Give idle workers to those that wait. The caller holds the lock."""
        self._forget_the_dead()
        while self._waiting and (worker := self._best_idle()):
            turn = self._waiting.popleft()
            turn.worker = worker
            self._idle.remove(worker)
            turn.given.set()
        if self._stopped or (self._failed and not self.workers):
            while self._waiting:
                self._waiting.popleft().given.set()

    def _best_idle(self) -> Worker | None:
        """The last idle worker that nobody has stopped. The last one of those that were, when no other goes on."""
        found = next((worker for worker in reversed(self._idle) if worker.still_for() is None), None)
        if found or not self._idle or any(still < NOTICED for still in self._look_at(self.workers - {*self._idle})):
            return found
        return self._idle[-1]

    def _look_at(self, workers: set[Worker]) -> list[float]:
        """For how long each worker has stood still, which only those know who look again and again."""
        return [worker.still_for() or 0.0 for worker in workers]

    def _forget_the_dead(self) -> None:
        """Drop idle workers that somebody has killed. The caller holds the lock."""
        dead = [worker for worker in self._idle if not worker.is_alive()]
        for worker in dead:
            self._idle.remove(worker)
            self.workers.discard(worker)
            self._dead.append(worker)
            self._on_replaced("killed")
        if dead:
            self._changed.notify_all()

    def _keep(self) -> None:
        """Keep the number of workers, in a thread of its own, until the pool is stopped.

        Whatever fails on the way, also for lack of memory, is tried again: without this thread the pool would be dead.
        """
        pause = 0.0
        while not self._stopped:
            try:
                if self._is_one_missing(pause):
                    self._start_one()
                pause = 0.0
            except Exception as error:
                pause = min(max(2 * pause, _SHORTEST_PAUSE), _LONGEST_PAUSE)
                log.error("no worker", reason=f"{type(error).__name__}: {error}", again_in_seconds=pause)
                with self._changed:
                    self._failed = True
                    self._give_turns()

    def _is_one_missing(self, pause: float) -> bool:
        """Wait at least `pause` seconds, and until there are too few workers. False when the pool is stopped."""
        with self._changed:
            if pause:
                self._changed.wait_for(lambda: self._stopped, pause)
            while not self._stopped and len(self.workers) >= self._size:
                self._changed.wait(_LOOK)
                self._look_at(self.workers)
                # A worker that was stopped may go on by now, or all others may have been stopped.
                self._give_turns()
            return not self._stopped

    def _start_one(self) -> None:
        # A template that is stuck takes seconds to fail. Nobody should wait for the lock meanwhile.
        while self._dead:
            self._dead.pop().stop()
        worker = self.source.start()
        with self._changed:
            self._failed = False
            if not self._stopped:
                self.workers.add(worker)
                self._idle.append(worker)
                self._give_turns()
                return
        worker.stop()
