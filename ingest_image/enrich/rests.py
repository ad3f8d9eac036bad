"""Indices whose documents all have to wait: those of others go on meanwhile."""

from __future__ import annotations

import time
from dataclasses import dataclass

from pipelines.cluster.reasons import MISSING_PRIVILEGE

from .attempts import doubled

# Seconds of a pause when the service or Elasticsearch is busy or away: at first, and at most.
PAUSE, LONGEST_PAUSE = 1.0, 30.0


@dataclass(frozen=True)
class _Rest:
    until: float
    # How many there have been, one after the other.
    count: int
    reason: str


class Rests:
    """Pauses of indices, each longer than the one before."""

    def __init__(self) -> None:
        self._known: dict[str, _Rest] = {}

    def begin(self, index: str, reason: str) -> float:
        """Leave an index alone for a while, as nothing could be done in it; returns the seconds."""
        before = self._known.get(index)
        count = before.count if before else 0
        pause = doubled(PAUSE, count, LONGEST_PAUSE)
        self._known[index] = _Rest(time.monotonic() + pause, count + 1, reason)
        return pause

    def end(self, index: str) -> None:
        """Something could be done in it."""
        self._known.pop(index, None)

    @property
    def indices(self) -> list[str]:
        """Those that rest now."""
        now = time.monotonic()
        return [index for index, rest in self._known.items() if now < rest.until]

    @property
    def are_denied(self) -> bool:
        """Whether some rest now, and each as the user lacks a privilege."""
        resting = self.indices
        return bool(resting) and all(MISSING_PRIVILEGE in self._known[index].reason for index in resting)

    @property
    def reason(self) -> str:
        """Why an index rests now; empty if none does."""
        return self._known[resting[0]].reason if (resting := self.indices) else ""
