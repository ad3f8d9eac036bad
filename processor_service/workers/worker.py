"""The web process's side of one worker: its socket, what it is asked, and why it gave no answer."""

from __future__ import annotations

import signal
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from ..document import failure_json, failure_with
from ..errors import ImageError
from .channel import Channel
from .memory import oom_kills
from .patience import LOOK
from .protocol import KILL, OUT_OF_MEMORY, READY, STARVED, WAIT, Job
from .standstill import Standstill

_FROM_OUTSIDE = (
    *(signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2),
    *(signal.SIGALRM, signal.SIGVTALRM, signal.SIGPIPE),
)

# Why a worker gave no answer: the picture used up its processor time; it killed the worker; it needs too much memory;
# somebody else killed the worker; the system gives the worker too little memory; the time by the clock is over, but not
# the processor time; nobody waits any more.
Why = Literal["timeout", "crash", "memory", "killed", "starved", "stalled", "abandoned"]


# Ends a worker, by its process id, with KILL or WAIT; gives its exit code, None when nobody knows.
End = Callable[[int, bytes], int | None]


class Lost(Exception):
    """A worker gave no answer, and has been ended. `code`: its exit code, None when nobody knows."""

    def __init__(self, why: Why, code: int | None) -> None:
        super().__init__(why)
        self.why: Why = why
        self.code = code


@dataclass(frozen=True)
class Answer:
    """What a worker made of a request. `summary`: for log and metrics; `body`: of the answer."""

    summary: dict[str, Any]
    body: bytes

    @classmethod
    def refusal(cls, error: ImageError, stays: dict[str, Any]) -> Answer:
        """The answer when no worker gave one, with what may be stored of the picture (document.py)."""
        summary = {"status": int(error.code.status), "code": error.code.code, "seconds": {}}
        return cls(summary, failure_json(failure_with(error, stays)))


class Worker:
    """One process that works on one picture at a time, and the socket to it."""

    def __init__(self, end: End, pid: int, ours: socket.socket, timeout: float) -> None:
        # A worker that is stuck does not read from its socket. Nobody must wait for that forever.
        for option in (socket.SO_SNDTIMEO, socket.SO_RCVTIMEO):
            ours.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", int(timeout) + 1, 0))
        self.pid, self.channel = pid, Channel(ours)
        self._end, self._standstill, self._busy = end, Standstill(pid), False
        # Taken by the first caller that ends it, and never released: after that its process id may be another
        # process's.
        self._stopped = threading.Lock()

    def is_ready(self) -> bool:
        """Whether the worker says that it is ready, which it does once."""
        try:
            return self.channel.receive() == READY
        except (EOFError, OSError):
            return False

    def is_alive(self) -> bool:
        """Whether an idle worker can take a picture. An idle worker sends nothing, so readable means ended."""
        return not self._stopped.locked() and not self.channel.poll(0)

    def still_for(self) -> float | None:
        """For how many seconds it has stood still (standstill.py). None when it moves."""
        return self._standstill.seconds(self._busy)

    def ask(self, job: Job, body: bytes, seconds: float, check: Callable[[], None] = lambda: None) -> Answer:
        """Do one job, in up to `seconds` by the clock. Raises Lost.

        `check` is called again and again while the picture is in work. It gives the picture up by raising ImageError.
        """
        self._busy = True
        try:
            return self._answer(job, body, seconds, check)
        finally:
            self._busy = False

    def _answer(self, job: Job, body: bytes, seconds: float, check: Callable[[], None]) -> Answer:
        kills = oom_kills()
        try:
            self.channel.send(job.value)
            self.channel.send(body)
        except BlockingIOError as error:
            # The worker was stopped before it got the picture.
            raise self._lost("killed") from error
        except OSError as error:
            raise self._lost(None, kills) from error
        try:
            end = time.monotonic() + seconds
            while not self.channel.poll(min(LOOK, max(0.0, end - time.monotonic()))):
                if time.monotonic() >= end:
                    raise self._lost("stalled")
                check()
            return Answer(orjson.loads(self.channel.receive()), self.channel.receive())
        except BlockingIOError as error:
            raise self._lost("stalled") from error
        except (EOFError, OSError) as error:
            raise self._lost(None, kills) from error

    def stop(self, how: bytes = KILL) -> int | None:
        """End the worker, whatever it is doing; returns its exit code, None when nobody knows."""
        if not self._stopped.acquire(blocking=False):
            return None
        code = self._end(self.pid, how)
        self.channel.close()
        return code

    def _lost(self, why: Why | None, kills: int | None = None) -> Lost:
        code = self.stop(KILL if why else WAIT)
        return Lost(why or _why(code, kills is not None and (oom_kills() or 0) > kills), code)


def _why(code: int | None, out_of_memory: bool) -> Why:
    """Why a worker with this exit code ended.

    `out_of_memory`: the kernel has meanwhile killed a process for lack of memory.
    """
    if code == OUT_OF_MEMORY:
        return "memory"
    if code == STARVED:
        return "starved"
    if code == -signal.SIGPROF:
        return "timeout"
    if code is None or (code < 0 and -code in _FROM_OUTSIDE):
        return "crash" if code == -signal.SIGKILL and out_of_memory else "killed"
    return "crash"
