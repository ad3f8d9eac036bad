"""Starts our program as a fork of a process that has loaded it.

Loading takes half of the processor time of starting a service, and tests start some two hundred. The fork is our own
child, as if we had started it: it has our folder and environment, and what is given as its output. Linux only. What a
user's start does beyond that, tests of the program and of the demo show.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import json
import os
import platform
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from ingest_image.cli import main
from processor_service import commands
from processor_service.web import server
from tests.helpers.paths import ROOT

# The number of the system call `clone`, and its flag for a child of our parent.
_CLONE = {"x86_64": 56, "aarch64": 220}
_CLONE_PARENT = 0x8000
# With its arguments and environment.
_LARGEST_MESSAGE = 1 << 20

CAN_FORK = sys.platform == "linux" and platform.machine() in _CLONE
# Both are imported when the program serves.
LOADED = (commands, server)


def is_wanted() -> bool:
    """Whether pytest runs, here or above us. Scripts of load and benchmarks start what they measure as users do."""
    return CAN_FORK and "PYTEST_VERSION" in os.environ


class Started:
    """A child of ours, with what tests need of subprocess.Popen."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._lock = threading.Lock()

    def poll(self) -> int | None:
        """Its exit code, negative for a signal; None while it runs."""
        with self._lock:
            if self.returncode is None:
                ended, status = os.waitpid(self.pid, os.WNOHANG)
                if ended:
                    self.returncode = os.waitstatus_to_exitcode(status)
            return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end. Raises TimeoutExpired as Popen does."""
        last = time.monotonic() + (float("inf") if timeout is None else timeout)
        while (code := self.poll()) is None:
            if time.monotonic() > last:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
            time.sleep(0.01)
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Warm:
    """The process with the program, started when it is first needed, and again when somebody has ended it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def start(self, arguments: Sequence[str], environment: dict[str, str], output: int) -> Started:
        """Start the program; what it prints goes to that file descriptor."""
        told = {"arguments": arguments, "environment": environment, "folder": str(Path.cwd())}
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self._begin()
            assert self._control
            socket.send_fds(self._control, [json.dumps(told).encode()], [output])
            return Started(int(self._control.recv(32)))

    def stop(self) -> None:
        """End it. What it started goes on."""
        if self._control:
            self._control.close()
        if self._process:
            self._process.wait()

    def _begin(self) -> None:
        self.stop()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                cwd=ROOT,
                # Threads of NumPy's matrix library would be missing in a fork, and waited for.
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )


WARM = Warm()
atexit.register(WARM.stop)


def serve(control: socket.socket) -> None:
    """Answer each message with the process id of a fork, in which this returns, until nobody is there any more."""
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, _LARGEST_MESSAGE, 1)
        if not message:
            sys.exit()
        pid = _fork_beside()
        if pid == 0:
            control.close()
            _become(json.loads(message), descriptors[0])
            return
        os.close(descriptors[0])
        control.send(b"%d" % pid)


def _fork_beside() -> int:
    """A fork of this process, which has no threads, as a child of its parent."""
    python, library = ctypes.pythonapi, ctypes.PyDLL(None)
    python.PyOS_BeforeFork()
    pid = library.syscall(_CLONE[platform.machine()], _CLONE_PARENT | signal.SIGCHLD, 0, 0, 0, 0)
    if pid == 0:
        python.PyOS_AfterFork_Child()
    else:
        python.PyOS_AfterFork_Parent()
    if pid < 0:
        raise OSError("no process can be forked")
    return int(pid)


def _become(told: dict[str, object], output: int) -> None:
    """Take what the program would have got."""
    folder, environment, arguments = told["folder"], told["environment"], told["arguments"]
    assert isinstance(folder, str) and isinstance(environment, dict) and isinstance(arguments, list)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for number in (1, 2):
        os.dup2(output, number)
    os.close(output)
    sys.argv = ["ingest-image", *arguments]


if __name__ == "__main__":
    gc.freeze()
    serve(socket.socket(fileno=int(sys.argv[1])))
    main(prog_name="python -m ingest_image")
