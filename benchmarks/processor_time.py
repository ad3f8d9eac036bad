"""Processor time that processes took, as the kernel counts it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def seconds(pids: Iterable[int]) -> float:
    """Of these processes and of their children that have ended; 0 for one that is gone."""
    return sum(_of(pid) for pid in pids)


def milliseconds(pid: int, name: str) -> float:
    """Of a process's threads whose names begin so: for what is too short for the kernel's hundredths of a second."""
    spent = 0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with suppress(OSError):
            if (thread / "comm").read_text().startswith(name):
                spent += int((thread / "schedstat").read_text().split()[0])
    return spent / 1e6


def compiling(pid: int) -> float:
    """Seconds of a JVM's threads that compile. A JVM that has run for an hour hardly compiles any more."""
    return sum(_read(thread)[1] for thread in Path(f"/proc/{pid}/task").iterdir() if "Compiler" in _read(thread)[0])


def _of(pid: int) -> float:
    return _read(Path(f"/proc/{pid}"))[1]


def _read(process: Path) -> tuple[str, float]:
    """Name and seconds of a process or thread."""
    try:
        # The name is in brackets and may hold anything.
        head, _, rest = (process / "stat").read_text().rpartition(")")
    except OSError:
        return "", 0
    return head, sum(map(int, rest.split()[11:15])) / TICKS
