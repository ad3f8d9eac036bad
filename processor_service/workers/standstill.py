"""Finds workers that stand still: somebody stopped the process, or the system gives it nothing to go on with.

From outside, such a worker looks like one with a slow picture. But neither it nor a child of its uses processor time,
or waits for it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

# Seconds after which a worker counts as one that does not work.
NOTICED = 3.0
# States of a process in Linux: stopped, and traced; running, or ready to run.
_STOPPED, _RUNNING = b"Tt", b"R"
# Between two looks nobody has seen anything. This many seconds of that time count: we may have been stopped ourselves.
_MOST_UNSEEN = 1.0


class Standstill:
    """How long one process has stood still, by looks at it that are at most a second apart."""

    def __init__(self, pid: int) -> None:
        self._folder = Path(f"/proc/{pid}")
        self._ticks, self._looked, self._seconds = -1, 0.0, 0.0
        self._still = False

    def seconds(self, busy: bool) -> float | None:
        """For how long it has been stopped or, when it is `busy`, has neither used the processor nor waited for it.

        None when it moves, and where the system does not say.
        """
        now = time.monotonic()
        passed, self._looked = min(now - self._looked, _MOST_UNSEEN), now
        state, ticks = self._look(busy)
        before, self._ticks = self._ticks, ticks
        was, self._still = self._still, state in _STOPPED or (busy and ticks == before and state not in _RUNNING)
        self._seconds = self._seconds + passed if was and self._still else 0.0
        return self._seconds if self._still else None

    def _look(self, busy: bool) -> tuple[bytes, int]:
        """Its state, and the processor time that it has used. It moves where nothing can be read."""
        try:
            state, ticks = _read(self._folder / "stat")
            if not busy or state in _STOPPED + _RUNNING:
                return state, ticks
            # What it waits for may be a thread or a child of its own (metadata/cut/apart.py).
            threads, children = _those_of(self._folder.glob("task/*/stat")), _those_of(self._of_children())
        except (OSError, ValueError, IndexError):
            # It may end between any two of these.
            return _RUNNING, -1
        runs = any(other in _RUNNING for other, _ in (*threads, *children))
        # That of threads is part of its own.
        return _RUNNING if runs else state, ticks + sum(more for _, more in children)

    def _of_children(self) -> Iterator[Path]:
        for listed in self._folder.glob("task/*/children"):
            with suppress(OSError):
                yield from (Path(f"/proc/{pid}/stat") for pid in listed.read_text().split())


def _those_of(files: Iterator[Path]) -> list[tuple[bytes, int]]:
    """What those say that have not ended meanwhile. Raises OSError when the process that they belong to has ended."""
    found = []
    for file in files:
        with suppress(OSError, ValueError, IndexError):
            found.append(_read(file))
    return found


def _read(file: Path) -> tuple[bytes, int]:
    """The state of a process or thread, and the processor time that it and its ended children have used."""
    # What is before the last bracket is its name (man 5 proc).
    fields = file.read_bytes().rpartition(b")")[2].split()
    return fields[0], sum(map(int, fields[11:15]))
