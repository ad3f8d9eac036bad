"""A fixed number of picture processes behind a bounded queue; one that hangs or dies is replaced."""

from __future__ import annotations

import os
import queue
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import orjson

from .errors import Code, ImageError
from .refused import failure
from .worker import READY

BOOT_SECONDS = 60.0
WORKER = (sys.executable, "-m", "processor_service.worker")
ENVIRONMENT = {
    # glibc gives freed megabytes back to the system at once by default, and each picture pays the page faults again:
    # pictures are processed a quarter faster with these (docs/performance.md).
    "MALLOC_MMAP_THRESHOLD_": "268435456",
    "MALLOC_TRIM_THRESHOLD_": "268435456",
    # NumPy's matrix library would start a thread with buffers of its own for each core, in each worker.
    "OPENBLAS_NUM_THREADS": "1",
}


@dataclass(frozen=True)
class Answer:
    """What a picture process made of a request: `summary` for log and metrics, the answer's `body`."""

    summary: dict[str, Any]
    body: bytes

    @classmethod
    def refusal(cls, error: ImageError, body: bytes) -> Answer:
        """The answer when no picture process gave one to a request."""
        try:
            request = orjson.loads(body)
        except orjson.JSONDecodeError:
            request = None
        summary = {"status": int(error.code.status), "code": error.code.code, "seconds": {}}
        return cls(summary, orjson.dumps(failure(error, request)))


class Worker:
    """One picture process and the socket to it."""

    def __init__(self, timeout: float, command: Sequence[str] = WORKER) -> None:
        ours, theirs = socket.socketpair()
        # A process that is stuck does not empty its socket, and nobody must wait for that for ever.
        for option in (socket.SO_SNDTIMEO, socket.SO_RCVTIMEO):
            ours.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", int(timeout) + 1, 0))
        with theirs:
            self.process = subprocess.Popen(  # noqa: S603 - our own module
                [*command, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env={**os.environ, **ENVIRONMENT},
            )
        self.connection = Connection(ours.detach())
        self._ready = False

    def is_ready(self, seconds: float) -> bool:
        """Whether the process can take a picture, or can within so many seconds."""
        if not self._ready and self.connection.poll(seconds):
            try:
                self._ready = self.connection.recv_bytes() == READY
            except (EOFError, OSError):
                return False
        return self._ready

    def ask(self, job: bytes, body: bytes, timeout: float) -> Answer:
        """Process one request. Raises TimeoutError after `timeout` seconds, EOFError when the process dies."""
        if not self.is_ready(BOOT_SECONDS):
            raise EOFError
        try:
            self.connection.send_bytes(job)
            self.connection.send_bytes(body)
            if not self.connection.poll(timeout):
                raise TimeoutError
            return Answer(orjson.loads(self.connection.recv_bytes()), self.connection.recv_bytes())
        except (BrokenPipeError, ConnectionResetError, BlockingIOError):
            # Blocking: it takes nothing, or stopped in the middle of its answer.
            raise EOFError from None

    def stop(self) -> None:
        """End the process for good, whatever it is doing."""
        self.connection.close()
        self.process.kill()
        self.process.wait()


class WorkerPool:
    """`size` picture processes; at most `queue_size` requests wait for one of them, others are refused as busy."""

    def __init__(
        self,
        size: int,
        queue_size: int,
        timeout: float,
        on_replaced: Callable[[str], None] = lambda _: None,
        command: Sequence[str] = WORKER,
    ) -> None:
        self.size, self.queue_size, self.timeout = size, queue_size, timeout
        self.pending = 0
        self._on_replaced, self._command = on_replaced, command
        self._lock = threading.Lock()
        # Last in, first out: a quiet service keeps using the process whose caches are warm.
        self._idle: queue.LifoQueue[Worker] = queue.LifoQueue()
        self._workers = {Worker(timeout, command) for _ in range(size)}
        for worker in self._workers:
            self._idle.put(worker)

    def run(self, body: bytes, job: bytes = b"process") -> Answer:
        """Do one job (worker.py) with a request body, whatever becomes of the process. Raises ImageError `busy`."""
        with self._lock:
            if self.pending >= self.size + self.queue_size:
                raise ImageError(Code.BUSY, f"all {self.size} workers are busy and {self.queue_size} pictures wait")
            self.pending += 1
        worker = self._idle.get()
        try:
            # A process that dies may have been killed from outside: the picture gets a second try in a fresh one.
            for _ in range(2):
                try:
                    return worker.ask(job, body, self.timeout)
                except TimeoutError:
                    worker = self._replace(worker, "timeout")
                    reason = f"the picture took longer than {self.timeout:g} s (IMAGE_PICTURE_TIMEOUT)"
                    return Answer.refusal(ImageError(Code.PICTURE_TIMEOUT, reason), body)
                except EOFError:
                    worker = self._replace(worker, "crash")
            reason = "the picture killed the process that decoded it, twice"
            return Answer.refusal(ImageError(Code.PICTURE_CRASHED, reason), body)
        finally:
            self._idle.put(worker)
            with self._lock:
                self.pending -= 1

    def ready(self) -> bool:
        """Whether a picture would be processed at once or wait for others, not for a process to start."""
        try:
            worker = self._idle.get_nowait()
        except queue.Empty:
            return True
        try:
            return worker.is_ready(0)
        finally:
            self._idle.put(worker)

    def stop(self) -> None:
        """End all processes."""
        for worker in self._workers:
            worker.stop()

    def _replace(self, worker: Worker, why: str) -> Worker:
        worker.stop()
        self._on_replaced(why)
        fresh = Worker(self.timeout, self._command)
        with self._lock:
            self._workers.discard(worker)
            self._workers.add(fresh)
        return fresh
