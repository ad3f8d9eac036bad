"""Estimates how long pictures wait, and checks whether somebody still waits for them.

A picture that nobody waits for any more leaves the queue at once. Otherwise other pictures would wait behind it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from ..errors import Code, ImageError

# Seconds between two checks whether a client is still there.
LOOK = 0.25
# Weight of the latest picture in the mean of recent ones.
_WEIGHT = 0.1
_LONGEST_PAUSE = 30


class Pace:
    """How many seconds recent pictures took.

    An exponentially weighted moving average, as TCP keeps of its round trips (RFC 6298).
    """

    def __init__(self) -> None:
        self.seconds = 0.0

    def took(self, seconds: float) -> None:
        """Count one picture."""
        self.seconds += _WEIGHT * (seconds - self.seconds)

    def check_queue(self, waiting: int, places: int, queue_size: int, deadline: float | None) -> None:
        """Raise ImageError `busy` when the queue is full, or a turn would come after `deadline` (monotonic seconds).

        `waiting` pictures wait for one of `places` workers; a negative number is the number of free workers.
        """
        expected = max(0, waiting + 1) * self.seconds / places
        left = math.inf if deadline is None else deadline - time.monotonic()
        if waiting >= queue_size:
            reason = f"all {places} workers are busy and {waiting} pictures wait"
            raise ImageError(Code.BUSY, reason, _pause(self.seconds / places))
        if waiting >= 0 and expected > left:
            line = f"{waiting} pictures wait, which takes about {expected:.0f} s"
            reason = f"{line}; the client waits for {max(left, 0):.0f} s"
            raise ImageError(Code.BUSY, reason, _pause(expected - left))


def check_wanted(deadline: float | None, gone: Callable[[], bool], begun: bool) -> None:
    """Raise ImageError when nobody waits for the answer any more: `abandoned` if it was begun, else `overdue`."""
    if deadline is not None and time.monotonic() >= deadline:
        what = "the client's patience (X-Image-Patience) ended"
    elif gone():
        what = "the client hung up"
    else:
        return
    if begun:
        raise ImageError(Code.ABANDONED, f"{what} after the picture was begun; it was not finished")
    raise ImageError(Code.OVERDUE, f"{what} before the picture's turn came; it was not begun")


def _pause(seconds: float) -> int:
    return max(1, min(_LONGEST_PAUSE, math.ceil(seconds)))
