"""Follows the backlog until it is told to stop, or until nothing waits."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from click import ClickException
from elastic_transport import TlsError, TransportError
from elasticsearch import ApiError, AuthorizationException, Elasticsearch

from pipelines.cluster.bulks import BulkStopped
from pipelines.cluster.client import addresses, explain
from pipelines.cluster.reasons import MISSING_PRIVILEGE
from pipelines.cluster.sentences import CheckFailed
from pipelines.wording import counted

from . import rests
from .attempts import doubled
from .enricher import Enricher
from .log import Log

# Seconds between looks when nothing waits: at first, and after some minutes of that.
_POLL, _SLOWEST_POLL = 1.0, 2.0
_SLOWER = 1.01
# Seconds since the first round in vain, after which a single run gives up, once the round that it is in has ended.
_PATIENCE = 90.0
# Looks at which nothing could be begun, after which it gives up, too: more than two minutes.
_IDLE = 100
# 403: a role may be given back. Which indices are at fault, if not all are, the backlog knows.
_BUSY = (403, 429, 500, 502, 503, 504)
# What a tiny picture fails with when there is no service, or none that is free.
_SERVICE_AWAY = ("service_unavailable", "service_timeout", "busy")
# Seconds between sentences about how much still waits: a million documents take days.
_TELL = 60.0


class GivenUp(Exception):
    """A single run cannot do the rest; the message says why."""


class Patience:
    """How long something is waited for: as long as it takes, or in a single run for a minute and a half."""

    def __init__(self, log: Log, stop: threading.Event, once: bool) -> None:
        self._log, self._stop, self._once = log, stop, once
        self._vain, self._until = 0, float("inf")

    def renew(self) -> None:
        """Something could be done."""
        self._vain, self._until = 0, float("inf")

    def check(self, reason: str) -> None:
        """Nothing could be done. Raises GivenUp when that has gone on for too long."""
        if time.monotonic() >= self._until:
            raise GivenUp(reason)
        if self._once and self._until == float("inf"):
            self._until = time.monotonic() + _PATIENCE

    def pause(self, reason: str) -> None:
        """The same, and wait: each time longer than before."""
        self.check(reason)
        seconds = self.at_most(doubled(rests.PAUSE, self._vain, rests.LONGEST_PAUSE))
        self._vain += 1
        self._log("waiting", f"waiting for {seconds:.0f} s: {reason}", seconds=seconds, reason=reason)
        self._stop.wait(seconds)

    def at_most(self, seconds: float) -> float:
        """So long, or until patience ends, unless it has."""
        left = self._until - time.monotonic()
        return min(seconds, left) if left > 0 else seconds


def when_there(
    client: Elasticsearch,
    ask: Callable[[], str],
    log: Log,
    stop: threading.Event,
    progress: Callable[[], int] = lambda: 0,
) -> str:
    """What `ask` answers when Elasticsearch and the service do, for a single run; empty if it is stopped.

    Raises as `follow` with `once`. `progress` grows with what was done before it failed: then patience begins again.
    """
    patience, before = Patience(log, stop, once=True), progress()
    while not stop.is_set():
        try:
            return ask()
        except (TransportError, ApiError, BulkStopped, ClickException) as error:
            # Our sentences say what they come from.
            cause = error.__cause__ if isinstance(error, ClickException) else error
            if isinstance(cause, TransportError | ApiError | BulkStopped):
                reason = _away(cause, client, once=True)
            elif isinstance(cause, CheckFailed) and cause.code in _SERVICE_AWAY:
                reason = str(cause)
            else:
                raise
            if (done := progress()) != before:
                patience.renew()
                before = done
            patience.pause(reason)
    return ""


def follow(enricher: Enricher, stop: threading.Event, once: bool = False) -> None:
    """Enrich what waits until `stop` is set, or with `once` until nothing waits any more.

    What is busy, or away, is waited for. Raises GivenUp with `once`, if that takes more than a minute and a half, or if
    a privilege is missing; BulkStopped and what Elasticsearch's client raises if waiting is no cure.
    """
    patience = Patience(enricher.log, stop, once)
    poll, idle, told = _POLL, 0, time.monotonic()
    while not stop.is_set():
        try:
            done = enricher.round()
            waits = enricher.rests.reason if done is None else done.waits if not done.enriched else ""
            if once and done is None and not waits and _is_done(enricher):
                return
        except (TransportError, ApiError) as error:
            patience.pause(_away(error, enricher.client, once))
            continue
        if waits:
            patience.check(waits)
            if once and done is None and enricher.rests.are_denied:
                raise GivenUp(waits)
        elif done is not None:
            patience.renew()
        if done is None:
            idle += not waits
            if once and idle >= _IDLE:
                raise GivenUp("what waits cannot be written now, or others have been at work on it for minutes")
            # Not all enrichers at the same moment.
            stop.wait(patience.at_most(poll * random.uniform(0.8, 1.2)))  # noqa: S311 - no secret
            poll = min(_SLOWEST_POLL, poll * _SLOWER)
            continue
        poll, idle = _POLL, 0
        if done.enriched and time.monotonic() - told > _TELL:
            told = time.monotonic()
            _tell_backlog(enricher, done.enriched)
        if done.changed:
            # Another enricher may have taken the same documents; it should not go on doing so.
            stop.wait(random.uniform(0, 1))  # noqa: S311


def _away(error: ApiError | TransportError | BulkStopped, client: Elasticsearch, once: bool) -> str:
    """What is to be waited for, as Elasticsearch is busy or away. Raises the error if waiting is no cure.

    Raises GivenUp with `once`, if it is a privilege that is missing: whoever looks on is to know it now.
    """
    status = error.status if isinstance(error, BulkStopped) else getattr(error, "status_code", _BUSY[0])
    if isinstance(error, TlsError) or status not in _BUSY:
        raise error
    reason = explain(error, addresses(client))
    if once and MISSING_PRIVILEGE in reason:
        raise GivenUp(reason)
    return reason


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
    backlog = enricher.backlog
    if not _sees_nothing(enricher):
        return False
    # There may be a new index.
    backlog.look_again()
    if not _sees_nothing(enricher):
        return False
    if left_out := backlog.left_out | backlog.forbidden | backlog.closed:
        raise GivenUp("; ".join(f"{index} is left out: {why}" for index, why in left_out.items()))
    with suppress(AuthorizationException):
        if forgotten := backlog.forgotten():
            raise GivenUp("; ".join(f"{index} has {what}" for index, what in forgotten.items()))
    if unwritable := enricher.unwritable():
        raise GivenUp(f"{counted(unwritable, 'document')} can neither be enriched nor written, see above")
    return True


def _sees_nothing(enricher: Enricher) -> bool:
    # First, as a refresh waits for a minute for a shard that is not there.
    enricher.backlog.require_all()
    with suppress(AuthorizationException):
        enricher.backlog.refresh()
    return enricher.can_do_nothing()


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
