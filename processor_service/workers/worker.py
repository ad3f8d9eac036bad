"""The web process's side of the workers: the template that they are forked from, and each with its socket."""

from __future__ import annotations

import os
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, Literal

import orjson
from pydantic import SecretStr

from ..document import failure_with
from ..errors import ImageError
from ..settings import Settings
from .memory import oom_kills
from .patience import LOOK
from .template import FORK, KILL, OUT_OF_MEMORY, READY, WAIT

BOOT_SECONDS = 60.0
# The template has nothing to do but fork.
_TEMPLATE_SECONDS = 10.0
WORKER = (sys.executable, "-m", "processor_service.workers")
ENVIRONMENT = {
    # glibc gives freed megabytes back to the system at once by default, and each picture pays the page faults again:
    # pictures are processed a quarter faster with these (docs/performance.md).
    "MALLOC_MMAP_THRESHOLD_": "268435456",
    "MALLOC_TRIM_THRESHOLD_": "268435456",
    # NumPy's matrix library would start a thread with buffers of its own for each core, in each worker.
    "OPENBLAS_NUM_THREADS": "1",
}
# What a worker needs of our environment. All else may be a secret of somebody.
_NEEDED = re.compile(r"PATH|HOME|LANG|LANGUAGE|LC_\w+|TZ|TMPDIR|VIRTUAL_ENV|(LD|DYLD|PYTHON|MALLOC|OMP|ORT)_?\w*")
_FROM_OUTSIDE = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)

# Why a worker gave no answer: the picture used up its processor time; it killed the worker; it needs too much memory;
# somebody else ended the worker; the wall clock's time is over, though the processor's is not; nobody waits any more.
Why = Literal["timeout", "crash", "memory", "killed", "stalled", "abandoned"]


class Lost(Exception):
    """A worker that gave no answer, and has been ended; `code` is its exit code, None when nobody knows."""

    def __init__(self, why: Why, code: int | None) -> None:
        super().__init__(why)
        self.why: Why = why
        self.code = code


@dataclass(frozen=True)
class Answer:
    """What a worker made of a request: `summary` for log and metrics, the answer's `body`."""

    summary: dict[str, Any]
    body: bytes

    @classmethod
    def refusal(cls, error: ImageError, stays: dict[str, Any]) -> Answer:
        """The answer when no worker gave one to a request, with what stays of its picture (document.py)."""
        summary = {"status": int(error.code.status), "code": error.code.code, "seconds": {}}
        return cls(summary, orjson.dumps(failure_with(error, stays)))


class Template:
    """The process that workers are forked from (template.py). Raises OSError when it cannot be started."""

    def __init__(self, command: Sequence[str] = WORKER) -> None:
        self._control, theirs = socket.socketpair()
        self._lock = threading.Lock()
        try:
            with theirs:
                self.process = subprocess.Popen(  # noqa: S603 - our own module
                    [*command, str(theirs.fileno())],
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    env=_environment(),
                )
        except BaseException:
            self._control.close()
            raise

    def load(self, mark_key: str) -> None:
        """Wait until everything is loaded. Raises OSError when that fails."""
        self._control.settimeout(BOOT_SECONDS)
        self._control.sendall(mark_key.encode() + b"\n")
        if self._control.recv(len(READY)) != READY:
            raise ConnectionError("the template of the workers ended while it was loading; see the log")
        self._control.settimeout(_TEMPLATE_SECONDS)

    def fork(self, timeout: float) -> Worker:
        """A new worker, ready for a picture. Raises OSError when there is none to be had."""
        ours, theirs = socket.socketpair()
        try:
            with theirs, self._lock:
                socket.send_fds(self._control, [FORK], [theirs.fileno()])
                pid = int(self._control.recv(32) or b"0")
            if pid <= 0:
                raise OSError(-pid, os.strerror(-pid)) if pid else ConnectionError("the template of the workers ended")
        except BaseException:
            ours.close()
            raise
        worker = Worker(self, pid, ours, timeout)
        if not worker.connection.poll(BOOT_SECONDS) or not worker.is_ready():
            worker.stop()
            raise ChildProcessError("a worker ended as soon as it was started; see the log")
        return worker

    def is_alive(self) -> bool:
        """Whether workers can still be forked from it."""
        return self.process.poll() is None

    def end(self, pid: int, how: bytes) -> int | None:
        """KILL a worker, or WAIT for one that is ending; returns its exit code, None when the template is gone, too."""
        with self._lock:
            if not self.is_alive():
                # The kernel has killed its workers.
                return None
            try:
                self._control.sendall(b"%s %d" % (how, pid))
                return int(self._control.recv(32))
            except (OSError, ValueError):
                self.process.kill()
                return None

    def stop(self) -> None:
        """End it and its workers."""
        self.process.kill()
        self.process.wait()
        with self._lock:
            self._control.close()


class Worker:
    """One process that works on one picture at a time, and the socket to it."""

    def __init__(self, template: Template, pid: int, ours: socket.socket, timeout: float) -> None:
        # A process that is stuck does not empty its socket, and nobody must wait for that for ever.
        for option in (socket.SO_SNDTIMEO, socket.SO_RCVTIMEO):
            ours.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", int(timeout) + 1, 0))
        self.pid, self.connection = pid, Connection(ours.detach())
        self._template = template
        # Taken by the first that ends it, and never given back: its process id may be somebody else's after that.
        self._stopped = threading.Lock()

    def is_ready(self) -> bool:
        """Whether it has said so, which it does once."""
        try:
            return self.connection.recv_bytes() == READY
        except (EOFError, OSError):
            return False

    def is_alive(self) -> bool:
        """Whether an idle worker can take a picture: one that has nothing to say says only that it has ended."""
        return not self._stopped.locked() and not self.connection.poll(0)

    def ask(self, job: bytes, body: bytes, seconds: float, check: Callable[[], None] = lambda: None) -> Answer:
        """Do one job, in so many seconds by the wall clock. Raises Lost.

        `check` is called again and again while the picture is in work, and ends it by raising ImageError.
        """
        kills = oom_kills()
        try:
            self.connection.send_bytes(job)
            self.connection.send_bytes(body)
        except BlockingIOError as error:
            # It was stopped before the picture came.
            raise self._lost("killed") from error
        except OSError as error:
            raise self._lost(None, kills) from error
        try:
            end = time.monotonic() + seconds
            while not self.connection.poll(min(LOOK, max(0.0, end - time.monotonic()))):
                if time.monotonic() >= end:
                    raise self._lost("stalled")
                check()
            return Answer(orjson.loads(self.connection.recv_bytes()), self.connection.recv_bytes())
        except BlockingIOError as error:
            raise self._lost("stalled") from error
        except (EOFError, OSError) as error:
            raise self._lost(None, kills) from error

    def stop(self, how: bytes = KILL) -> int | None:
        """End the process for good, whatever it is doing; returns its exit code, None when nobody knows."""
        if not self._stopped.acquire(blocking=False):
            return None
        code = self._template.end(self.pid, how)
        self.connection.close()
        return code

    def _lost(self, why: Why | None, kills: int = 0) -> Lost:
        code = self.stop(KILL if why else WAIT)
        return Lost(why or _why(code, oom_kills() > kills), code)


def _why(code: int | None, out_of_memory: bool) -> Why:
    """Why a worker with this exit code ended; `out_of_memory`: the kernel has killed a process for that meanwhile."""
    if code == OUT_OF_MEMORY:
        return "memory"
    if code == -signal.SIGPROF:
        return "timeout"
    if code is None or (code < 0 and -code in _FROM_OUTSIDE):
        return "crash" if code == -signal.SIGKILL and out_of_memory else "killed"
    return "crash"


def _environment() -> dict[str, str]:
    """What workers see of ours: neither the token nor anybody else's secret."""
    fields = {f"IMAGE_{name.upper()}": field for name, field in Settings.model_fields.items()}
    settings = {name for name, field in fields.items() if field.annotation is not SecretStr}
    needed = {name: value for name, value in os.environ.items() if name.upper() in settings or _NEEDED.fullmatch(name)}
    return needed | ENVIRONMENT
