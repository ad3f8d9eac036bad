"""Starts workers: forks of the template, which is started again when it is gone."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence

from pydantic import SecretStr

from ..errors import Code, ImageError
from ..settings import Settings
from .protocol import FORK, KILL, READY
from .worker import Worker

BOOT_SECONDS = 60.0
# The template only forks, so it answers fast.
_TEMPLATE_SECONDS = 10.0
WORKER = (sys.executable, "-m", "processor_service.workers")
RECOGNIZER = (sys.executable, "-m", "processor_service.workers.recognizers")
ENVIRONMENT = {
    # By default glibc gives freed megabytes back to the system at once, and each picture pays for the page faults
    # again. With these, pictures are processed a quarter faster (docs/performance.md).
    "MALLOC_MMAP_THRESHOLD_": "268435456",
    "MALLOC_TRIM_THRESHOLD_": "268435456",
    # NumPy's matrix library would start a thread with buffers of its own for each core, in each worker.
    "OPENBLAS_NUM_THREADS": "1",
}
# What a worker needs of our environment. Everything else may be a secret.
_NEEDED = re.compile(
    r"PATH|HOME|LANG|LANGUAGE|LC_[A-Z]+|TZ|TMPDIR|VIRTUAL_ENV|LD_(LIBRARY_PATH|PRELOAD)|DYLD_\w*(PATH|LIBRARIES)"
    r"|PYTHON(PATH|HOME|HASHSEED|DONTWRITEBYTECODE|PYCACHEPREFIX|UNBUFFERED|UTF8|IOENCODING|MALLOC|FAULTHANDLER"
    r"|WARNINGS|NOUSERSITE|SAFEPATH|OPTIMIZE|DEVMODE|TRACEMALLOC)|MALLOC_[A-Z]+(_[A-Z]+)*_?|OMP_[A-Z]+(_[A-Z]+)*"
)


class TemplateProcess:
    """The process that workers are forked from (template.py), as the web process sees it.

    Raises OSError when it cannot be started.
    """

    def __init__(self, command: Sequence[str] = WORKER) -> None:
        self._lock = threading.Lock()
        self._control, theirs = socket.socketpair()
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
        """A new worker, ready for a picture. Raises OSError when none can be started.

        Whatever it raises, no socket and no process is left.
        """
        ours, theirs = socket.socketpair()
        pid = 0
        try:
            with theirs:
                pid = self._forked(theirs)
            worker = Worker(self.end, pid, ours, timeout)
            if not worker.channel.poll(BOOT_SECONDS) or not worker.is_ready():
                raise ChildProcessError("a worker ended as soon as it was started; see the log")
        except BaseException:
            ours.close()
            if pid:
                self.end(pid, KILL)
            raise
        return worker

    def _forked(self, theirs: socket.socket) -> int:
        """The process id of a new worker."""
        with self._lock:
            socket.send_fds(self._control, [FORK], [theirs.fileno()])
            try:
                pid = int(self._control.recv(32) or b"0")
            except BaseException:
                # The next one would read the answer to this.
                self.process.kill()
                self.process.wait()
                raise
        if pid <= 0:
            raise OSError(-pid, os.strerror(-pid)) if pid else ConnectionError("the template of the workers ended")
        return pid

    def is_alive(self) -> bool:
        """Whether workers can still be forked from it."""
        return self.process.poll() is None

    def end(self, pid: int, how: bytes) -> int | None:
        """KILL a worker, or WAIT for one that is ending; returns its exit code. None when there is no template."""
        with self._lock:
            if not self.is_alive():
                # Then the kernel has killed its workers.
                return None
            try:
                self._control.sendall(b"%s %d" % (how, pid))
                return int(self._control.recv(32))
            except (OSError, ValueError):
                self.process.kill()
                return None
            except BaseException:
                self.process.kill()
                raise

    def stop(self) -> None:
        """End it and its workers."""
        self.process.kill()
        self.process.wait()
        with self._lock:
            self._control.close()


class WorkerSource:
    """Starts workers, one at a time. `timeout`: seconds of processor time for one picture."""

    def __init__(self, command: Sequence[str], mark_key: bytes, timeout: float) -> None:
        self.template: TemplateProcess | None = None
        self._command, self._mark_key, self._timeout = command, mark_key, timeout
        self._lock, self._ended = threading.Lock(), False

    def start(self) -> Worker:
        """A new worker.

        Raises what the system raises. If the template is at fault, the next call starts another one.
        """
        if self.template is None or not self.template.is_alive():
            self._drop()
            with self._lock:
                if self._ended:
                    raise ImageError(Code.SHUTTING_DOWN, "the service is stopping")
                self.template = TemplateProcess(self._command)
            try:
                self.template.load(self._mark_key.hex())
            except BaseException:
                # It waits for what it is loaded with.
                self._drop()
                raise
        try:
            return self.template.fork(self._timeout)
        except (ConnectionError, TimeoutError, ValueError):
            # It ends together with its workers, and their pictures are tried again.
            self._drop()
            raise

    def end(self) -> None:
        """End the template and its workers for good."""
        with self._lock:
            self._ended = True
            template = self.template
        if template:
            template.stop()

    def _drop(self) -> None:
        if self.template:
            self.template.stop()
            self.template = None


def _environment() -> dict[str, str]:
    """The environment of workers: neither the token nor any other secret."""
    fields = {f"IMAGE_{name.upper()}": field for name, field in Settings.model_fields.items()}
    settings = {name for name, field in fields.items() if field.annotation is not SecretStr}
    needed = {name: value for name, value in os.environ.items() if name.upper() in settings or _NEEDED.fullmatch(name)}
    return needed | ENVIRONMENT
