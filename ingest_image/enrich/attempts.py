"""Remembers for which documents an attempt has failed, and when the next one is due."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass, field, replace

from .claims import Key

# Seconds before the second attempt, the third one, and the fourth, which is the last.
PAUSES = (1.0, 5.0, 25.0)
# Seconds between attempts that fail through no fault of the picture; there is no last one.
_LONGEST = 30.0
# Doublings of a pause: more make no difference, and after a thousand, which are some hours, it is no number any more.
_DOUBLINGS = 10
_REMEMBERED_FOR = 600.0
# Seconds after which it is asked whether a document really has a newer version than searches show; then twice as many.
_SHOWN_LATE = 2.0
# Documents that are remembered. What is forgotten is only tried again.
_MOST = 50_000


def doubled(seconds: float, times: int, longest: float) -> float:
    """A pause of at most `longest`, doubled so many times."""
    return min(longest, seconds * 2.0 ** min(times, _DOUBLINGS))


@dataclass(frozen=True)
class Attempt:
    """What became of a document: the version that failed or was written, failures so far, and when it is due again."""

    seq_no: int
    failures: int = 0
    # How often something else than the picture was at fault.
    waits: int = 0
    due: float = 0.0
    # The pictures for which something was asked, by target and position.
    asked: tuple[tuple[str, int], ...] = ()
    # Whether it was written as it was, as no picture in it was found to wait.
    as_it_was: bool = False
    # Whether nothing can be done about this version.
    hopeless: bool = False
    # Whether that is a failure: it waits, and can neither be enriched nor written.
    unwritable: bool = False
    # Whether somebody seems to have written a newer one first.
    conflicts: bool = False
    # Whether it took too long although others got through: then it is sent alone, as it may have waited for those.
    slow: bool = False
    # How often it was asked which version there is, as searches showed an older one.
    looks: int = 0
    at: float = field(default_factory=lambda: time.monotonic())


class Attempts:
    """By document; `seq_no` is that of the version that was sent, or of the one that was written."""

    def __init__(self) -> None:
        self._known: OrderedDict[Key, Attempt] = OrderedDict()

    def of(self, key: Key, seq_no: int) -> Attempt:
        """The attempt for this version of the document; a new one has had none."""
        known = self._known.get(key)
        return known if known and known.seq_no == seq_no else Attempt(seq_no)

    def written(self, key: Key, seq_no: int, failures: int, asked: tuple[tuple[str, int], ...]) -> None:
        """It was written: searches may show the version before for a while."""
        self._keep(key, Attempt(seq_no, failures, asked=asked))

    def written_as_it_was(self, key: Key, seq_no: int) -> None:
        """The pipeline has written it without being asked for anything."""
        self._keep(key, Attempt(seq_no, as_it_was=True))

    def give_up(self, key: Key, seq_no: int, unwritable: bool = False) -> None:
        """Nothing can be done about it, unless somebody changes it, or its pipeline: it is tried again much later."""
        self._keep(key, Attempt(seq_no, due=float("inf"), hopeless=True, unwritable=unwritable))

    def failed(self, key: Key, seq_no: int, slow: bool = False) -> bool:
        """The picture is at fault, maybe as it is `slow`. Returns whether that was the last attempt."""
        before = self.of(key, seq_no)
        failures = before.failures + 1
        if failures > len(PAUSES):
            # It is to be recorded. Where that conflicts as well, there may be no newer version either.
            self._keep(key, Attempt(seq_no, conflicts=before.conflicts))
            return True
        due = time.monotonic() + PAUSES[failures - 1]
        self._keep(key, Attempt(seq_no, failures, due=due, conflicts=before.conflicts, slow=slow))
        return False

    def conflicted(self, key: Key, seq_no: int) -> bool:
        """It was not there when it was to be written. Returns whether nobody has written a newer version since then."""
        before = self.of(key, seq_no)
        self._keep(key, replace(before, conflicts=True))
        return before.conflicts

    def postponed(self, key: Key, seq_no: int) -> None:
        """Something else is at fault: it does not count."""
        before = self.of(key, seq_no)
        pause = doubled(1.0, before.waits, _LONGEST)
        due = time.monotonic() + pause
        self._keep(key, Attempt(seq_no, before.failures, before.waits + 1, due, slow=before.slow))

    def is_due(self, key: Key, seq_no: int) -> bool:
        """Whether a document of which a search shows this version is to be tried now."""
        known = self._known.get(key)
        now = time.monotonic()
        if known is None or now - known.at > _REMEMBERED_FOR:
            return True
        return seq_no > known.seq_no or (seq_no == known.seq_no and now >= known.due)

    def forget(self, index: str) -> None:
        """Forget what became of the documents of an index: there is another one of that name."""
        for key in [key for key in self._known if key[0] == index]:
            self._known.pop(key)

    def is_doubtful(self, key: Key, seq_no: int) -> bool:
        """Whether it is to be asked which version there is, as a search shows an older one than what is known.

        Mostly the index was not refreshed yet. But one that was deleted and made again, or restored, has lower numbers.
        """
        known = self._known.get(key)
        if known is None or seq_no >= known.seq_no:
            return False
        return time.monotonic() >= known.at + doubled(_SHOWN_LATE, known.looks, _REMEMBERED_FOR)

    def seen(self, key: Key, seq_no: int | None) -> None:
        """This is the version that there is, None if there is no document: what is known of a later one is wrong."""
        known = self._known.get(key)
        if known is None:
            return
        if seq_no is not None and seq_no < known.seq_no:
            self._known.pop(key)
        else:
            self._known[key] = replace(known, looks=known.looks + 1)

    def _keep(self, key: Key, attempt: Attempt) -> None:
        self._known[key] = attempt
        self._known.move_to_end(key)
        while len(self._known) > _MOST:
            self._known.popitem(last=False)
