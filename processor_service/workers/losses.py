"""Decides whose fault it is that a picture lost its worker, and whether it is tried again."""

from __future__ import annotations

from ..errors import Code, ImageError, out_of_memory
from .worker import Why


class Losses:
    """The workers that one picture has lost.

    `timeout`: its processor time in seconds; `wall`: its time by the clock.
    """

    def __init__(self, timeout: float, wall: float) -> None:
        self._timeout, self._wall = timeout, wall
        self._lost: list[Why] = []

    def begun(self) -> bool:
        """Whether any worker has begun the picture."""
        return bool(self._lost)

    def goes_first(self) -> bool:
        """Whether the picture goes before all others: it is not at fault, and has waited already.

        A picture that killed its worker itself waits behind those that have not.
        """
        return self._lost[-1:] in (["killed"], ["starved"])

    def count(self, why: Why) -> ImageError | None:
        """Count one. Returns the refusal when the picture should not be tried again."""
        self._lost.append(why)
        if why == "timeout":
            reason = f"the picture took more than {self._timeout:g} s of processor time (IMAGE_PICTURE_TIMEOUT)"
            return ImageError(Code.PICTURE_TIMEOUT, reason)
        if why == "memory":
            return out_of_memory("IMAGE_WORKER_MEMORY; of recognizers IMAGE_RECOGNIZER_MEMORY")
        if why == "stalled":
            reason = f"the picture was not done after {self._wall:g} s, in which its worker got too little "
            return ImageError(Code.INTERRUPTED, reason + "of the processor; send it again")
        if self._lost.count("starved") == 2:
            reason = "the system gives workers less memory than they may have (IMAGE_WORKER_MEMORY); try later"
            return ImageError(Code.INTERRUPTED, reason)
        if self._lost.count("killed") == 2:
            return ImageError(Code.INTERRUPTED, "somebody ended the worker, twice; send the picture again")
        if self._lost.count("crash") == 2:
            return ImageError(Code.PICTURE_CRASHED, "the picture killed the worker that decoded it, twice")
        return None
