"""The work of an enricher, a few documents at a time."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, islice

from elasticsearch import AuthorizationException, Elasticsearch, NotFoundError

from pipelines.cluster.client import addresses, explain
from pipelines.cluster.nodes import leaves_out_vectors
from pipelines.cluster.pending_fields import REMEDY

from ..defaults import BULK_BYTES
from ..reprocess.job import IndexJob, plan
from ..reprocess.selection import Selection
from .attempts import Attempts
from .backlog import Backlog, Waiting
from .batch import Batch, Tools
from .claims import Claims
from .done import Done
from .log import Log
from .present import tell_present
from .rests import Rests

# Documents of a round, and how long it should take: an enricher that is to end does so soon, and little is done twice.
_FEWEST, _MOST = 1, 64
_ROUND_SECONDS = 2.0
# Rounds among which one is chosen by chance while other enrichers are at work.
_WINDOW = 4
# Documents among which a round looks for those that have not had to wait before.
_LOOKED_AT = 1_000
# Documents of a round of which it is asked which version there is.
_DOUBTFUL = 200
# Seconds that a plan for an index stays as it is, and that an index without a pipeline is left alone.
_PLAN_SECONDS = 30.0


@dataclass
class Enricher:
    """Enriches what waits in a backlog; bulks have at most `max_bytes`."""

    client: Elasticsearch
    backlog: Backlog
    log: Log
    max_bytes: int = BULK_BYTES
    total: Done = field(default_factory=Done)

    def __post_init__(self) -> None:
        self._attempts = Attempts()
        self.rests = Rests()
        # What was said of the backlog: the patterns that are followed, and what is left out.
        self._followed, self._told = self.backlog.patterns, dict[str, str]()
        self._plans: dict[str, tuple[float, IndexJob | None]] = {}
        # Of each index that was planned: an index of the same name may be another one.
        self._uuids: dict[str, str] = {}
        # Of this round: those of which searches show an older version than what was written.
        self._doubtful: list[Waiting] = []
        self._size = 8
        # When the last round began, by the monotonic clock.
        self.began = time.monotonic()

    def round(self) -> Done | None:
        """Enrich the oldest documents that are due and that nobody else works on; None if there are none.

        Raises BulkStopped when Elasticsearch does not know the user, and what its client raises.
        """
        self.began = time.monotonic()
        self._doubtful.clear()
        chosen = self._choose()
        tell_present(self.client, self._attempts, self._doubtful)
        self._tell()
        if not chosen:
            return None
        done, began = Done(), time.monotonic()
        alone = [one for one in chosen if self._is_slow(one)]
        others = [one for one in chosen if one not in alone]
        for index in dict.fromkeys(one.index for one in others):
            done.add(self._enrich(index, [one for one in others if one.index == index]))
        if others:
            self._pace(len(others), time.monotonic() - began, bool(done.waits))
        for one in alone:
            done.add(self._enrich(one.index, [one]))
        self.total.add(done)
        return done

    def can_do_nothing(self) -> bool:
        """Whether nothing waits, or nothing but what can neither be enriched nor written."""
        return all(
            self._attempts.of(one.key, one.seq_no).hopeless or not self.backlog.has_pipeline(one.index)
            for one in self.backlog.oldest()
        )

    def unwritable(self) -> int:
        """How many documents wait that can neither be enriched nor written."""
        return sum(self._attempts.of(one.key, one.seq_no).unwritable for one in self.backlog.oldest())

    @cached_property
    def _with_vectors(self) -> bool:
        return leaves_out_vectors(self.client)

    def _tell(self) -> None:
        if self.backlog.patterns != self._followed:
            self._followed = self.backlog.patterns
            self.log("following", f"following {', '.join(self._followed)}", indices=self._followed)
        for index, why in self.backlog.left_out.items():
            if self._told.get(index) != why:
                self.log("left_out", f"{index} is left out: {why}; {REMEDY}", index=index, reason=why)
        for event, left_out in (("forbidden", self.backlog.forbidden), ("closed", self.backlog.closed)):
            for name, why in left_out.items():
                if self._told.get(name) != why:
                    self.log(event, f"{name} is left out: {why}", index=name, reason=why)
        self._told = self.backlog.left_out | self.backlog.forbidden | self.backlog.closed

    def _is_slow(self, one: Waiting) -> bool:
        return self._attempts.of(one.key, one.seq_no).slow

    def _due(self) -> Iterator[Waiting]:
        """What is to be tried now.

        Equal ids of an index, under different routing, are not of one round, nor are two that took too long.
        """
        now = time.monotonic()
        unplanned = [one for one, (at, job) in self._plans.items() if job is None and now - at <= _PLAN_SECONDS]
        chosen: set[tuple[str, str]] = set()
        has_slow = False
        for one in self.backlog.oldest([*self.rests.indices, *unplanned]):
            if self._plan(one.index) is None:
                continue
            if self._attempts.is_doubtful(one.key, one.seq_no) and len(self._doubtful) < _DOUBTFUL:
                self._doubtful.append(one)
            if not self._attempts.is_due(one.key, one.seq_no):
                continue
            is_slow = self._is_slow(one)
            if (one.index, one.id) not in chosen and not (is_slow and has_slow):
                chosen.add((one.index, one.id))
                has_slow = has_slow or is_slow
                yield one

    def _choose(self) -> list[Waiting]:
        due = self._due()
        oldest = self._first_of(due)
        if not oldest:
            return []
        # Looked up after the search: what ended between them is found to be done when it is read.
        claims = Claims(self.client)
        if claims.is_empty:
            return oldest
        # Others choose at the same time: not all should choose the same documents.
        window = [one for one in chain(oldest, islice(due, (_WINDOW - 1) * self._size)) if one.key not in claims]
        start = random.randrange(0, max(1, len(window) - self._size + 1), self._size)  # noqa: S311 - no secret
        return window[start : start + self._size]

    def _first_of(self, due: Iterator[Waiting]) -> list[Waiting]:
        """The oldest for a round. What has been tried in vain more often comes later: it may be what is in the way."""
        found: list[tuple[int, Waiting]] = []
        new = 0
        for one in islice(due, _LOOKED_AT):
            waits = self._attempts.of(one.key, one.seq_no).waits
            found.append((waits, one))
            new += not waits
            if new >= self._size:
                break
        return [one for _, one in sorted(found, key=lambda pair: pair[0])[: self._size]]

    def _enrich(self, index: str, found: list[Waiting]) -> Done:
        """Enrich documents of an index, which rests if nothing could be done but wait."""
        job = self._plan(index)
        if job is None:
            # Others of this round took longer than a plan holds, and by now it is gone, or forbidden.
            return Done()
        tools = Tools(self.client, self._attempts, self.log, self.max_bytes, self._with_vectors)
        batch, done = Batch(tools, job, found), Done()
        try:
            batch.enrich()
        except AuthorizationException as error:
            # Others may be allowed.
            done.waits = explain(error, addresses(self.client))
        done.add(batch.done)
        if batch.is_gone:
            self._plans.pop(index, None)
        if done.waits and not done.enriched:
            self._rest(index, done.waits)
        else:
            self.rests.end(index)
        return done

    def _rest(self, index: str, reason: str) -> None:
        """Leave an index alone for a while; what comes into others meanwhile does not wait with it."""
        pause = self.rests.begin(index, reason)
        sentence = f"waiting for {pause:.0f} s with {index}: {reason}"
        self.log("waiting", sentence, index=index, seconds=pause, reason=reason)

    def _plan(self, index: str) -> IndexJob | None:
        """How documents of an index are written; None if they cannot be now."""
        at, job = self._plans.get(index, (float("-inf"), None))
        if time.monotonic() - at > _PLAN_SECONDS:
            job = self._planned(index)
            self._plans[index] = time.monotonic(), job
            if job and self._uuids.get(index, job.uuid) != job.uuid:
                self._attempts.forget(index)
            if job:
                self._uuids[index] = job.uuid
        return job

    def _planned(self, index: str) -> IndexJob | None:
        try:
            jobs = plan(self.client, index, None, Selection(pending=True))
        except NotFoundError:
            return None
        except AuthorizationException as error:
            self._rest(index, explain(error, addresses(self.client)))
            return None
        if not jobs or not jobs[0].pipelines:
            self.log("skipped", f"{index} has no pipeline, so nothing can be added to its pictures", index=index)
            return None
        return jobs[0]

    def _pace(self, count: int, seconds: float, busy: bool) -> None:
        """Set the number of documents of the next round, so that it takes about two seconds."""
        if busy:
            self._size = max(_FEWEST, self._size // 2)
        elif count >= self._size or seconds > _ROUND_SECONDS:
            wanted = int(count * _ROUND_SECONDS / max(seconds, 0.01))
            self._size = max(_FEWEST, min(wanted, 2 * self._size, _MOST))
