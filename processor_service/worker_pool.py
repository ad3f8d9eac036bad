"""A fixed number of picture processes behind a bounded queue; one that hangs or dies is replaced."""

from __future__ import annotations

import os
import queue
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import orjson

from .errors import Code, ImageError
from .worker import READY, failure

BOOT_SECONDS = 60.0
# glibc gives freed megabytes back to the system at once by default, and each picture pays the page faults again:
# pictures are processed a quarter faster with these (docs/performance.md).
_MALLOC = {"MALLOC_MMAP_THRESHOLD_": "268435456", "MALLOC_TRIM_THRESHOLD_": "268435456"}


@dataclass(frozen=True)
class Answer:
    """What a picture process made of a request: `summary` for log and metrics, the answer's JSON `body`."""

    summary: dict[str, Any]
    body: bytes

    @classmethod
    def refusal(cls, error: ImageError) -> Answer:
        """The answer for a picture that gave none itself."""
        return cls(
            {"status": int(error.code.status), "code": error.code.code, "seconds": {}}, orjson.dumps(failure(error))
        )


class Worker:
    """One picture process and the socket to it."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-m", "processor_service.worker", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env={**os.environ, **_MALLOC},
            )
        self.connection = Connection(ours.detach())
        self.ready = False

    def wait_ready(self) -> bool:
        """Wait until the process can take a picture; False when it does not come up."""
        if not self.ready:
            try:
                self.ready = self.connection.poll(BOOT_SECONDS) and self.connection.recv_bytes() == READY
            except (EOFError, OSError):
                self.ready = False
        return self.ready

    def ask(self, body: bytes, timeout: float) -> Answer:
        """Process one request. Raises TimeoutError after `timeout` seconds, EOFError when the process dies."""
        try:
            self.connection.send_bytes(body)
            if not self.connection.poll(timeout):
                raise TimeoutError
            return Answer(orjson.loads(self.connection.recv_bytes()), self.connection.recv_bytes())
        except (BrokenPipeError, ConnectionResetError):
            raise EOFError from None

    def stop(self) -> None:
        """End the process for good, whatever it is doing."""
        self.connection.close()
        self.process.kill()
        self.process.wait()


class WorkerPool:
    """`size` picture processes; at most `queue_size` requests wait for one of them, others are refused as busy."""

    def __init__(self, size: int, queue_size: int, timeout: float, on_replaced: Callable[[str], None] = lambda _: None):
        self.size, self.queue_size, self.timeout = size, queue_size, timeout
        self.pending = 0
        self._on_replaced = on_replaced
        self._lock = threading.Lock()
        # Last in, first out: a quiet service keeps using the process whose caches are warm.
        self._idle: queue.LifoQueue[Worker] = queue.LifoQueue()
        self._workers = {Worker() for _ in range(size)}
        for worker in self._workers:
            self._idle.put(worker)

    def run(self, body: bytes) -> Answer:
        """Process one request body. Raises ImageError `busy`.

        A process that dies may have been killed from outside, so the picture gets a second try in a fresh one; a
        picture that is too slow gets none.
        """
        with self._lock:
            if self.pending >= self.size + self.queue_size:
                raise ImageError(Code.BUSY, f"all {self.size} workers are busy and {self.queue_size} pictures wait")
            self.pending += 1
        try:
            worker = self._idle.get()
            try:
                for _ in range(2):
                    if not worker.wait_ready():
                        worker = self._replace(worker, "did_not_start")
                        continue
                    try:
                        return worker.ask(body, self.timeout)
                    except TimeoutError:
                        worker = self._replace(worker, "timeout")
                        return Answer.refusal(
                            ImageError(
                                Code.PICTURE_TIMEOUT,
                                f"the picture took longer than {self.timeout:g} s (IMAGE_PICTURE_TIMEOUT)",
                            )
                        )
                    except EOFError:
                        worker = self._replace(worker, "crash")
                return Answer.refusal(
                    ImageError(
                        Code.PICTURE_CRASHED, "the picture killed the process that decoded it, twice; it was replaced"
                    )
                )
            finally:
                self._idle.put(worker)
        finally:
            with self._lock:
                self.pending -= 1

    def ready(self) -> bool:
        """Whether a picture would be processed now or soon: some process is up."""
        return any(
            worker.ready or worker.connection.poll(0) for worker in list(self._workers) if not worker.connection.closed
        )

    def stop(self) -> None:
        """End all processes."""
        for worker in self._workers:
            worker.stop()

    def _replace(self, worker: Worker, why: str) -> Worker:
        worker.stop()
        self._on_replaced(why)
        fresh = Worker()
        with self._lock:
            self._workers.discard(worker)
            self._workers.add(fresh)
        return fresh
