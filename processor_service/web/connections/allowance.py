"""How much may be done for all strangers together."""

from __future__ import annotations

import time
from collections.abc import Callable


class Allowance:
    """`most` bytes at once, and as many again in `seconds` (a token bucket)."""

    def __init__(self, most: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._rate, self._clock = most, most / seconds, clock
        self._left, self._last = float(most), clock()

    def take(self, size: int) -> bool:
        """Take so many bytes of it. False when it is used up."""
        now = self._clock()
        self._left = min(self._most, self._left + (now - self._last) * self._rate)
        self._last = now
        if self._left < size:
            return False
        self._left -= size
        return True
