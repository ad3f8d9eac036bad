"""The work of an enricher, a few documents at a time."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, islice

from elasticsearch import Elasticsearch, NotFoundError

from pipelines.cluster.nodes import leaves_out_vectors
from pipelines.cluster.pending_fields import REMEDY
from pipelines.wording import counted, shown

from ..defaults import BULK_BYTES
from ..reprocess.documents import Document, Reader
from ..reprocess.job import IndexJob, plan
from ..reprocess.selection import Selection
from ..reprocess.writer import ReprocessReport
from .asking import OneOf, ask, record
from .attempts import Attempts
from .backlog import Backlog, Waiting
from .claims import Claims, Key, claim
from .done import Done
from .log import Log
from .rests import Rests
from .soundness import is_quick, tried
from .writer import Blame, EnrichingWriter, NotWritten

# Documents of a round, and how long it should take: an enricher that is to end does so soon, and little is done twice.
_FEWEST, _MOST = 1, 64
_ROUND_SECONDS = 2.0
# Rounds among which one is chosen by chance while other enrichers are at work.
_WINDOW = 4
# Seconds that a plan for an index stays as it is, and that an index which cannot be written is left alone.
_PLAN_SECONDS = 30.0
_NOT_ADDED = "the pipeline of the index did not add what is pending: does its processor image write to this field?"


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
        self._size = 8
        # When the last round began, by the monotonic clock.
        self.began = time.monotonic()

    def round(self) -> Done | None:
        """Enrich the oldest documents that are due and that nobody else works on; None if there are none.

        Raises BulkStopped when Elasticsearch does not know the user, and what its client raises.
        """
        self.began = time.monotonic()
        chosen = self._choose()
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
        return all(self._attempts.of(one.key, one.seq_no).hopeless for one in self.backlog.oldest())

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
        self._told = dict(self.backlog.left_out)

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
            if not self._attempts.is_due(one.key, one.seq_no) or self._plan(one.index) is None:
                continue
            is_slow = self._is_slow(one)
            if (one.index, one.id) not in chosen and not (is_slow and has_slow):
                chosen.add((one.index, one.id))
                has_slow = has_slow or is_slow
                yield one

    def _choose(self) -> list[Waiting]:
        due = self._due()
        oldest = list(islice(due, self._size))
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

    def _enrich(self, index: str, found: list[Waiting]) -> Done:
        job = self._plan(index)
        assert job is not None
        began, done = time.monotonic(), Done()
        sent: dict[str, Document] = {}
        asked: dict[str, tuple[OneOf, ...]] = {}
        last: list[tuple[Waiting, str]] = []

        waiting = {one.id: one for one in found}

        def stored(id_: str, seq_no: int) -> None:
            key = waiting[id_].key
            if not asked[id_]:
                self._attempts.written_as_it_was(key, seq_no)
                return
            done.enriched += 1
            failures = self._attempts.of(key, sent[id_].seq_no).failures
            self._attempts.written(key, seq_no, failures, asked[id_])

        writer = self._writer(job, [one.key for one in found])
        writer.stored = stored
        documents = self._reader(job).read(found)
        writer.write(self._asking(job, documents, sent, asked, waiting, last, done), None)
        done.changed = writer.report.changed
        seconds = time.monotonic() - began
        unclear = any(refused.blame in (Blame.UNCLEAR, Blame.SLOW) for refused in writer.refusals)
        tiny = tried(self.client, job.pipelines) if unclear else None
        at_fault = {Blame.PICTURE: True, Blame.UNCLEAR: tiny is not None, Blame.SLOW: is_quick(tiny, seconds)}
        for refused in writer.refusals:
            # What merely takes longer than others now delays nobody.
            delays = refused.blame is not Blame.SLOW or tiny is None
            by_picture = at_fault.get(refused.blame, False)
            if self._is_last(waiting[refused.id].key, refused, sent[refused.id].seq_no, by_picture, delays, done):
                last.append((waiting[refused.id], refused.reason))
        if done.waits and not done.enriched:
            self._rest(index, done.waits)
        else:
            self.rests.end(index)
        if done.enriched:
            seconds = round(seconds, 3)
            sentence = f"{counted(done.enriched, 'document')} of {index} enriched in {seconds:.1f} s"
            self.log("enriched", sentence, index=index, documents=done.enriched, seconds=seconds)
        for one, reason in last:
            self._record(job, one, reason, done)
        return done

    def _asking(
        self,
        job: IndexJob,
        documents: Iterable[Document],
        sent: dict[str, Document],
        asked: dict[str, tuple[OneOf, ...]],
        waiting: dict[str, Waiting],
        last: list[tuple[Waiting, str]],
        done: Done,
    ) -> Iterator[Document]:
        """The documents to which something is to be added, asking for it."""
        index = job.index
        claims: Claims | None = None
        for document in documents:
            key = waiting[document.id].key
            # Reading took a while: the nearer a look is to the claim, the less is done twice.
            claims = claims or Claims(self.client)
            if key in claims:
                continue
            attempt = self._attempts.of(key, document.seq_no)
            # One by one, so that a picture that fails does not keep the others of its document from being enriched.
            places = ask(document.source, job.targets, first_only=attempt.failures > 0)
            if not places and document.seq_no != waiting[document.id].seq_no:
                # Others have enriched it, and the search does not show that yet.
                self._attempts.written(key, document.seq_no, 0, ())
            elif document.seq_no >= 0 and document.source is None:
                self._attempts.give_up(key, document.seq_no)
                done.hopeless += 1
                sentence = f"{index}/{shown(document.id)} waits, but the index stores no _source of it"
                self.log("skipped", sentence, index=index, id=document.id)
            elif not places and attempt.as_it_was:
                self._attempts.give_up(key, document.seq_no)
                sentence = f"{index}/{shown(document.id)} says that it waits, but no picture in it does"
                self.log("skipped", sentence, index=index, id=document.id)
            elif set(places) & set(attempt.asked):
                if self._attempts.failed(key, document.seq_no):
                    last.append((waiting[document.id], _NOT_ADDED))
            else:
                # Without places the names are in another spelling, or are left over. The pipeline mends that.
                sent[document.id], asked[document.id] = document, places
                yield document

    def _is_last(self, key: Key, refused: NotWritten, seq_no: int, by_picture: bool, delays: bool, done: Done) -> bool:
        """Whether nothing is left but to record the failure of a document.

        `by_picture`: its picture is at fault. If not, `delays`: others wait with it.
        """
        index = key[0]
        if refused.forbidden:
            self._plans[index] = time.monotonic(), None
        if not by_picture and not delays:
            self._attempts.postponed(key, seq_no)
            sentence = f"{index}/{shown(refused.id)} is tried again later: {shown(refused.reason)}"
            self.log("postponed", sentence, index=index, id=refused.id, reason=refused.reason)
            return False
        if not by_picture:
            self._attempts.postponed(key, seq_no)
            done.waits = refused.reason
            return False
        if self._attempts.failed(key, seq_no, slow=refused.blame is Blame.SLOW):
            return True
        done.failed += 1
        sentence = f"{index}/{shown(refused.id)} is tried again: {shown(refused.reason)}"
        self.log("failed", sentence, index=index, id=refused.id, reason=refused.reason)
        return False

    def _rest(self, index: str, reason: str) -> None:
        """Leave an index alone for a while; what comes into others meanwhile does not wait with it."""
        pause = self.rests.begin(index, reason)
        sentence = f"waiting for {pause:.0f} s with {index}: {reason}"
        self.log("waiting", sentence, index=index, seconds=pause, reason=reason)

    def _record(self, job: IndexJob, one: Waiting, reason: str, done: Done) -> None:
        """Write into a document why nothing can be added to it."""
        writer = self._writer(job, [one.key])
        documents = list(self._reader(job).read([one]))
        for document in documents:
            record(document.source, job.targets, reason)
        writer.write(documents, None)
        sentence = f"{job.index}/{shown(one.id)} cannot be enriched, which is recorded: {shown(reason)}"
        if writer.refusals:
            refused = writer.refusals[0]
            reason = refused.reason
            sentence = f"{job.index}/{shown(one.id)} can neither be enriched nor written: {shown(reason)}"
            if refused.blame in (Blame.PICTURE, Blame.UNCLEAR):
                self._attempts.give_up(one.key, documents[0].seq_no)
                done.hopeless += 1
            else:
                self._attempts.postponed(one.key, documents[0].seq_no)
        self.log("recorded" if writer.report.written else "failed", sentence, index=job.index, id=one.id, reason=reason)
        done.recorded += writer.report.written

    def _writer(self, job: IndexJob, keys: Iterable[Key]) -> EnrichingWriter:
        client = self.client.options(opaque_id=claim(keys))
        return EnrichingWriter(client, job.index, job.targets, ReprocessReport(), max_bulk_bytes=self.max_bytes)

    def _reader(self, job: IndexJob) -> Reader:
        return Reader(self.client, job.index, job.targets, self.max_bytes, self._with_vectors)

    def _plan(self, index: str) -> IndexJob | None:
        """How documents of an index are written; None if they cannot be now."""
        at, job = self._plans.get(index, (float("-inf"), None))
        if time.monotonic() - at > _PLAN_SECONDS:
            job = self._planned(index)
            self._plans[index] = time.monotonic(), job
        return job

    def _planned(self, index: str) -> IndexJob | None:
        try:
            jobs = plan(self.client, index, None, Selection(pending=True))
        except NotFoundError:
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
