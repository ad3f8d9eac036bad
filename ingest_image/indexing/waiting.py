"""Says who is waited for, and why: a reason once, and then in short that it goes on."""

from __future__ import annotations

import re
import time

from rich.console import Console

from pipelines.wording import shown

# Seconds between two sentences about waiting.
_SILENCE = 10.0
# What differs each time: ports, times, tries, ids of requests.
_NUMBERS = re.compile(r"\b(?=[\w.]*\d)[\w.]+")


class WaitingLines:
    """Not one at every pause of every request."""

    def __init__(self, console: Console, silence: float = _SILENCE) -> None:
        self._console, self._silence, self._last = console, silence, -silence
        self._told: set[tuple[str, str]] = set()

    def tell(self, whom: str, why: str) -> None:
        """Print a line, if the last one is long enough ago."""
        if time.monotonic() - self._last < self._silence:
            return
        self._last = time.monotonic()
        reason = whom, _NUMBERS.sub("", why)
        # Threads may wait for different things at a time: what was told is not told again in turns.
        said = ", as before" if reason in self._told else f": {shown(why)}"
        self._told.add(reason)
        self._console.print(f"waiting for {whom}{said}", markup=False, highlight=False)
