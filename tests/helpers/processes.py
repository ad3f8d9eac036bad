"""Looks at processes from outside, and signals to them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

# Before a command: it is started as a background job of a script is, with SIGINT ignored.
AS_BACKGROUND_JOB = ("bash", "-c", "trap '' INT; exec \"$@\"", "background")


def alive(pid: int) -> bool:
    """Whether a process with that id exists (a zombie does not count)."""
    try:
        os.kill(pid, 0)
        return " Z " not in Path(f"/proc/{pid}/stat").read_text() if Path("/proc").is_dir() else True
    except (ProcessLookupError, FileNotFoundError):
        return False


def wait_until(condition: Callable[[], bool], seconds: float = 120, pause: float = 0.05) -> None:
    """Wait until something is true. A busy machine may need the default for what takes a second."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(pause)


def with_pid(pid: int, number: int) -> None:
    """Send a signal to one of our own processes; it may be gone already."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


@contextlib.contextmanager
def stopped(pid: int) -> Iterator[None]:
    """Stop a process (SIGSTOP), and wait until it is: on a busy machine it may take a while to see the signal."""
    with_pid(pid, signal.SIGSTOP)
    try:
        wait_until(lambda: Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] == b"T")
        yield
    finally:
        with_pid(pid, signal.SIGCONT)


def children(pid: int | str = "self") -> set[int]:
    """Process ids of its children, zombies included: our own ones unless told. Empty where there is no /proc."""
    while True:
        lists = Path(f"/proc/{pid}/task").glob("*/children")
        try:
            return {int(child) for one in lists for child in one.read_text().split()}
        except OSError:
            # A thread ended meanwhile: its children are another thread's now, which may have been read already.
            continue


def kill_with_descendants(pid: int) -> None:
    """Kill a child of ours that nobody waits for any more, and all below it."""
    for one in (pid, *descendants(pid)):
        with_pid(one, signal.SIGKILL)
    # Whoever started it may have waited for it.
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0)


def memory(pid: int, name: str) -> int:
    """Bytes: `VmRSS` now, `VmHWM` the most so far. Raises OSError or LookupError when it has gone."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise LookupError(name)


def descendants(pid: int) -> list[int]:
    """Process ids of its children, their children, and so on."""
    listing = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    by_parent: dict[int, list[int]] = {}
    for line in listing.splitlines():
        child, parent = map(int, line.split())
        by_parent.setdefault(parent, []).append(child)
    found, todo = [], [pid]
    while todo:
        below = by_parent.get(todo.pop(), [])
        found += below
        todo += below
    return found


def command_of(pid: int) -> str:
    """Its command line; empty when it has gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""
