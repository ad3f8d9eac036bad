"""Follows the backlog until it is told to stop, or until nothing waits."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from elastic_transport import TransportError
from elasticsearch import ApiError, AuthorizationException

from pipelines.cluster.client import addresses, explain
from pipelines.wording import counted

from .attempts import doubled
from .enricher import Done, Enricher

# Seconds between looks when nothing waits: at first, and after some minutes of that.
_POLL, _SLOWEST_POLL = 1.0, 2.0
_SLOWER = 1.01
# Seconds of a pause when the service or Elasticsearch is busy or away: at first, and at most.
_PAUSE, _LONGEST_PAUSE = 1.0, 30.0
# Seconds since the first round in vain, after which a single run gives up, once the round that it is in has ended.
_PATIENCE = 90.0
# Looks at which nothing could be begun, after which it gives up, too: more than two minutes.
_IDLE = 100
_BUSY = (429, 500, 502, 503, 504)
# Seconds between sentences about how much still waits: a million documents take days.
_TELL = 60.0


class GivenUp(Exception):
    """A single run cannot do the rest; the message says why."""


def follow(enricher: Enricher, stop: threading.Event, once: bool = False) -> None:
    """Enrich what waits until `stop` is set, or with `once` until nothing waits any more.

    What is busy, or away, is waited for. Raises GivenUp with `once`, if that takes more than a minute and a half;
    BulkStopped and what Elasticsearch's client raises if waiting is no cure.
    """
    poll, vain, idle, told = _POLL, 0, 0, time.monotonic()
    until = float("inf")
    while not stop.is_set():
        done, away = _round(enricher)
        waits = away or (done.waits if done and not done.enriched else "")
        if waits:
            if once and vain == 0:
                until = time.monotonic() + _PATIENCE
            elif time.monotonic() >= until:
                raise GivenUp(waits)
            pause = min(doubled(_PAUSE, vain, _LONGEST_PAUSE), max(0.0, until - time.monotonic()))
            vain += 1
            enricher.log("waiting", f"waiting for {pause:.0f} s: {waits}", seconds=pause, reason=waits)
            stop.wait(pause)
            continue
        vain, until = 0, float("inf")
        if done is None:
            idle += 1
            if once and _is_done(enricher):
                return
            if once and idle >= _IDLE:
                raise GivenUp("what waits cannot be written now, or others have been at work on it for minutes")
            # Not all enrichers at the same moment.
            stop.wait(poll * random.uniform(0.8, 1.2))  # noqa: S311 - no secret
            poll = min(_SLOWEST_POLL, poll * _SLOWER)
            continue
        poll, idle = _POLL, 0
        if time.monotonic() - told > _TELL:
            told = time.monotonic()
            _tell_backlog(enricher, done.enriched)
        if done.changed:
            # Another enricher may have taken the same documents; it should not go on doing so.
            stop.wait(random.uniform(0, 1))  # noqa: S311


def _round(enricher: Enricher) -> tuple[Done | None, str]:
    """What was done, and what is to be waited for because it is away."""
    try:
        return enricher.round(), ""
    except (TransportError, ApiError) as error:
        if isinstance(error, ApiError) and error.status_code not in _BUSY:
            raise
        return None, explain(error, addresses(enricher.client))


def _tell_backlog(enricher: Enricher, enriched: int) -> None:
    # If Elasticsearch is away, the next round says so.
    with suppress(TransportError, ApiError):
        backlog = enricher.backlog.measure()
        # What was enriched just now may still be found.
        if backlog.documents > enriched:
            sentence = f"{counted(backlog.documents, 'document')} still waiting, the oldest for {backlog.oldest:.0f} s"
            enricher.log("backlog", sentence, documents=backlog.documents, oldest=round(backlog.oldest))


def _is_done(enricher: Enricher) -> bool:
    """Whether nothing is left to do, also of what was written just now. Raises GivenUp when something still waits."""
    with suppress(AuthorizationException):
        enricher.backlog.refresh()
    if not enricher.can_do_nothing():
        return False
    if hopeless := enricher.total.hopeless:
        raise GivenUp(f"{counted(hopeless, 'document')} can neither be enriched nor written, see above")
    return True


@contextmanager
def stopped_by_signals() -> Iterator[threading.Event]:
    """An event that is set by SIGINT or SIGTERM; a second signal ends the program at once, which loses nothing."""
    stop = threading.Event()

    def handle(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            raise SystemExit(128 + number)
        stop.set()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
