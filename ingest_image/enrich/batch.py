"""Documents of one index that are enriched together: what is asked for, and what becomes of each."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from elastic_transport import TransportError
from elasticsearch import ApiError, Elasticsearch

from pipelines.wording import counted, shown

from ..reprocess.documents import Document, Reader
from ..reprocess.job import IndexJob
from ..reprocess.writer import ReprocessReport
from .asking import ENRICH, OneOf, ask, record, still_asks
from .attempts import Attempts
from .backlog import Waiting
from .claims import Claims, Key, claim
from .done import Done
from .log import Log
from .soundness import is_away, is_quick, tried
from .writer import Blame, EnrichingWriter, NotWritten

_NEVER_THERE = "it is not found where its pipeline writes it: does that change its routing?"
_TINY = "; its processor image fails for a tiny picture, too"
_IGNORED = f"the pipeline ignores that its processor image fails{_TINY}"
_NOT_ADDED = "the pipeline of the index did not add what is pending: does its processor image write to this field?"


@dataclass(frozen=True)
class Tools:
    """What the batches of an enricher share; bulks have at most `max_bytes`."""

    client: Elasticsearch
    attempts: Attempts
    log: Log
    max_bytes: int
    with_vectors: bool


class Batch:
    """Documents of the index of a job; `done` says what became of them so far."""

    def __init__(self, tools: Tools, job: IndexJob, found: Sequence[Waiting]) -> None:
        self._tools, self._job, self._found = tools, job, found
        self._attempts, self._log = tools.attempts, tools.log
        self.done = Done()
        # Whether the index is another one by now, or none.
        self.is_gone = False
        self._waiting = {one.id: one for one in found}
        self._sent: dict[str, Document] = {}
        self._asked: dict[str, tuple[OneOf, ...]] = {}
        # Those that were written and asked for something, with their new numbers.
        self._written: dict[str, int] = {}
        # To be recorded, each with the reason.
        self._last: list[tuple[Waiting, str]] = []

    def enrich(self) -> None:
        """Do it, and record what failed for the last time. Raises what Elasticsearch's client does."""
        began = time.monotonic()
        writer = self._writer(self._found)
        writer.stored = self._stored
        writer.write(self._asking(self._reader().read(self._found)), None)
        self._look_back()
        self.done.changed = writer.report.changed
        seconds = time.monotonic() - began
        self.is_gone = writer.is_gone
        self._judge(writer.refusals, seconds)
        self._judge_conflicts(writer.conflicts)
        if count := self.done.enriched:
            index, took = self._job.index, round(seconds, 3)
            sentence = f"{counted(count, 'document')} of {index} enriched in {took:.1f} s"
            self._log("enriched", sentence, index=index, documents=count, seconds=took)
        for one, reason in self._last:
            self._record(one, reason)

    def _stored(self, id_: str, seq_no: int) -> None:
        key = self._waiting[id_].key
        if not self._asked[id_]:
            self._attempts.written_as_it_was(key, seq_no)
            return
        self._written[id_] = seq_no
        failures = self._attempts.of(key, self._sent[id_].seq_no).failures
        self._attempts.written(key, seq_no, failures, self._asked[id_])

    def _look_back(self) -> None:
        """Count what was enriched. The answer to a bulk does not say whether the pipeline has a processor for it."""
        unheard = self._unheard()
        # A pipeline may ignore failures, also those of a service that is away.
        waits = bool(unheard) and is_away(self._tools.client, self._job.pipelines)
        for id_, seq_no in self._written.items():
            one = self._waiting[id_]
            if id_ not in unheard:
                self.done.enriched += 1
            elif waits:
                self._attempts.postponed(one.key, seq_no)
                self.done.waits = _IGNORED
            elif self._attempts.failed(one.key, seq_no):
                self._last.append((one, _NOT_ADDED))
            else:
                self.done.failed += 1
                self._say("failed", one, "is tried again", _NOT_ADDED)

    def _unheard(self) -> set[str]:
        """Ids of what was written as it was sent, and so still asks. If that cannot be read, the next search tells."""
        asked = [f"{target}.{ENRICH}" for target in self._job.targets]
        wanted = [
            {"_id": id_, "_source": asked} | ({"routing": routing} if (routing := self._waiting[id_].routing) else {})
            for id_ in self._written
        ]
        found: list[dict[str, Any]] = []
        with suppress(ApiError, TransportError):
            found = self._tools.client.mget(index=self._job.index, docs=wanted).body["docs"] if wanted else []
        return {
            one["_id"]
            for one in found
            if one.get("_seq_no") == self._written[one["_id"]] and still_asks(one.get("_source"), self._job.targets)
        }

    def _asking(self, documents: Iterable[Document]) -> Iterator[Document]:
        """The documents to which something is to be added, asking for it."""
        claims: Claims | None = None
        for document in documents:
            found = self._waiting[document.id]
            # Reading took a while: the nearer a look is to the claim, the less is done twice.
            claims = claims or Claims(self._tools.client)
            if found.key in claims or self._is_away(document, found):
                continue
            attempt = self._attempts.of(found.key, document.seq_no)
            # One by one, so that a picture that fails does not keep the others of its document from being enriched.
            places = ask(document.source, self._job.targets, first_only=attempt.failures > 0)
            if document.source is None:
                self._skip(document, "waits, but the index stores no _source of it", unwritable=True)
            elif not places and document.seq_no != found.seq_no:
                # Others have enriched it, and the search does not show that yet.
                self._attempts.written(found.key, document.seq_no, 0, ())
            elif not places and attempt.as_it_was:
                self._skip(document, "says that it waits, but no picture in it does")
            elif set(places) & set(attempt.asked):
                if self._attempts.failed(found.key, document.seq_no):
                    self._last.append((found, _NOT_ADDED))
            else:
                # Without places the names are in another spelling, or are left over. The pipeline mends that.
                self._sent[document.id], self._asked[document.id] = document, places
                yield document

    def _is_away(self, document: Document, found: Waiting) -> bool:
        """Whether it is not there to be enriched, or cannot be read now, although the search shows it."""
        if document.problem:
            self._attempts.postponed(found.key, found.seq_no)
            self.done.waits = document.problem
        elif document.seq_no < 0:
            # Deleted: the search shows that after the next refresh, which an index may not have for hours.
            self._attempts.give_up(found.key, found.seq_no)
        return bool(document.problem) or document.seq_no < 0

    def _skip(self, document: Document, why: str, unwritable: bool = False) -> None:
        index = self._job.index
        self._attempts.give_up(self._waiting[document.id].key, document.seq_no, unwritable)
        self._log("skipped", f"{index}/{shown(document.id)} {why}", index=index, id=document.id)

    def _judge(self, refusals: Sequence[NotWritten], seconds: float) -> None:
        """Say which pictures are at fault, and which ones failed for the last time."""
        unclear = any(refused.blame in (Blame.UNCLEAR, Blame.SLOW) for refused in refusals)
        tiny = tried(self._tools.client, self._job.pipelines) if unclear else None
        # What a pipeline does when its processor fails (`on_failure`), it does also when the service is away.
        by_pipeline = any(refused.blame is Blame.PIPELINE for refused in refusals)
        away = by_pipeline and is_away(self._tools.client, self._job.pipelines)
        at_fault = {Blame.PICTURE: True, Blame.UNCLEAR: tiny is not None, Blame.SLOW: is_quick(tiny, seconds)}
        at_fault[Blame.PIPELINE] = not away
        for refused in refusals:
            one = self._waiting[refused.id]
            if at_fault.get(refused.blame, False):
                self._failed(one, refused)
                continue
            self._attempts.postponed(one.key, self._sent[one.id].seq_no)
            if refused.blame is Blame.SLOW and tiny is not None:
                # What merely takes longer than others now delays nobody.
                self._say("postponed", one, "is tried again later", refused.reason)
            else:
                self.done.waits = refused.reason + (_TINY if refused.blame is Blame.PIPELINE else "")

    def _judge_conflicts(self, ids: Sequence[str]) -> None:
        """Whose version of before is read once more, has no newer one that would be done in its turn."""
        for id_ in ids:
            one, seq_no = self._waiting[id_], self._sent[id_].seq_no
            if not self._attempts.conflicted(one.key, seq_no):
                continue
            if self._attempts.failed(one.key, seq_no):
                self._cannot_be_written(one, seq_no)
            else:
                self.done.failed += 1
                self._say("failed", one, "is tried again", _NEVER_THERE)

    def _cannot_be_written(self, one: Waiting, seq_no: int) -> None:
        self._attempts.give_up(one.key, seq_no, unwritable=True)
        self._say("failed", one, "can neither be enriched nor written", _NEVER_THERE)

    def _failed(self, one: Waiting, refused: NotWritten) -> None:
        seq_no = self._sent[one.id].seq_no
        if self._attempts.failed(one.key, seq_no, slow=refused.blame is Blame.SLOW):
            self._last.append((one, refused.reason))
            return
        self.done.failed += 1
        self._say("failed", one, "is tried again", refused.reason)

    def _record(self, one: Waiting, reason: str) -> None:
        """Write into a document why nothing can be added to it."""
        writer = self._writer([one])
        documents = list(self._reader().read([one]))
        for document in documents:
            record(document.source, self._job.targets, reason)
        writer.write(documents, None)
        self.is_gone = self.is_gone or writer.is_gone
        if not writer.report.written and not writer.refusals:
            # A newer write came first, or the index is gone.
            self.done.changed += writer.report.changed
            if writer.conflicts and self._attempts.conflicted(one.key, documents[0].seq_no):
                self._cannot_be_written(one, documents[0].seq_no)
            return
        said = "cannot be enriched, which is recorded"
        if writer.refusals:
            refused = writer.refusals[0]
            reason, said = refused.reason, "can neither be enriched nor written"
            if refused.blame in (Blame.PICTURE, Blame.PIPELINE, Blame.UNCLEAR):
                self._attempts.give_up(one.key, documents[0].seq_no, unwritable=True)
            else:
                self._attempts.postponed(one.key, documents[0].seq_no)
        self._say("recorded" if writer.report.written else "failed", one, said, reason)
        self.done.recorded += writer.report.written

    def _say(self, event: str, one: Waiting, said: str, reason: str) -> None:
        index = self._job.index
        self._log(event, f"{index}/{shown(one.id)} {said}: {shown(reason)}", index=index, id=one.id, reason=reason)

    def _writer(self, found: Iterable[Waiting]) -> EnrichingWriter:
        keys: list[Key] = [one.key for one in found]
        job = self._job
        client = self._tools.client.options(opaque_id=claim(keys, job.index, job.uuid))
        return EnrichingWriter(client, job.index, job.targets, ReprocessReport(), max_bulk_bytes=self._tools.max_bytes)

    def _reader(self) -> Reader:
        tools, job = self._tools, self._job
        return Reader(tools.client, job.index, job.targets, tools.max_bytes, tools.with_vectors)
