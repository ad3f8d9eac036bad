"""Writes documents back through the pipeline, and counts what happened to each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from elasticsearch import AuthorizationException, Elasticsearch

from pipelines.cluster.bulks import failure_of, send_bulks, status_of, stop_if_hopeless
from pipelines.cluster.sources import holds_picture, value_at

from ..defaults import BULK_BYTES
from . import outcome
from .documents import Document

_CONFLICT = 409
# Of a document of whose id nothing was heard.
_RENAMED = {"status": 400, "error": {"type": "renamed", "reason": "a pipeline gives it another _id"}}
_LOOK_BACK = 100


@dataclass
class ReprocessReport:
    """What happened to the documents."""

    written: int = 0
    # Written without an error, and the fields of their pictures are the same as before.
    unchanged: int = 0
    # Written, but a picture still has neither fields nor an error.
    unprocessed: int = 0
    # No picture that could be processed again.
    without_picture: int = 0
    # A newer write or a deletion came first, and stays.
    changed: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    failed: list[tuple[str, str]] = field(default_factory=list)
    # How many of them were refused with which status.
    statuses: Counter[int] = field(default_factory=Counter)

    def as_json(self) -> dict[str, Any]:
        """The same for programs."""
        counts = ("written", "unchanged", "unprocessed", "without_picture", "changed")
        failed = [{"id": id, "reason": reason} for id, reason in self.failed]
        return {name: getattr(self, name) for name in counts} | {"errors": dict(self.errors), "failed": failed}


@dataclass(frozen=True)
class Sent:
    """A document that was sent, and a fingerprint of its pictures before."""

    id: str
    routing: str | None
    before: str
    holds_picture: bool


@dataclass
class Writer:
    """Writes to one index; `tick` is called once for each finished document."""

    client: Elasticsearch
    index: str
    targets: list[str]
    report: ReprocessReport
    pipeline: str | None = None
    max_bulk_bytes: int = BULK_BYTES
    tick: Callable[[], None] = lambda: None
    # About a minute of waiting in all.
    max_retries: int = 6
    # Fields that can hold pictures, if documents without one are left alone.
    fields: Sequence[str] | None = None
    _stored: list[Sent] = field(default_factory=list)

    def write(self, documents: Iterable[Document], limit: int | None) -> None:
        """Write back documents that nobody wrote since they were read.

        `limit`: the sequence number when the run began; later ones are left alone. None for no such limit.
        """
        sent: dict[str, Sent] = {}
        results = send_bulks(
            self.client,
            self._actions(documents, limit, sent),
            pipeline=self.pipeline,
            max_bytes=self.max_bulk_bytes,
            max_retries=self.max_retries,
        )
        try:
            with closing(results):
                for ok, item in results:
                    self._take(ok, item, sent)
            for document in sent.values():
                self.refused(document, _RENAMED)
                self.tick()
        finally:
            self._look_back()

    def _actions(
        self, documents: Iterable[Document], limit: int | None, sent: dict[str, Sent]
    ) -> Iterator[dict[str, Any]]:
        for document in documents:
            if document.problem:
                self.report.failed.append((document.id, document.problem))
                self.tick()
            elif document.seq_no < 0 or (limit is not None and document.seq_no > limit):
                self.report.changed += 1
                self.tick()
            elif document.source is None:
                self.report.failed.append((document.id, "the index stores no _source"))
                self.tick()
            elif self.fields is not None and not holds_picture(document.source, self.fields):
                self.report.without_picture += 1
                self.tick()
            else:
                sent[document.id] = self._noted(document)
                yield {
                    "_op_type": "index",
                    "_index": self.index,
                    "_id": document.id,
                    "if_seq_no": document.seq_no,
                    "if_primary_term": document.primary_term,
                    "_source": document.source,
                    **({"routing": document.routing} if document.routing else {}),
                }

    def _noted(self, document: Document) -> Sent:
        holds = holds_picture(document.source, self.fields or self.targets)
        return Sent(document.id, document.routing, outcome.fingerprint(document.source, self.targets), holds)

    def _take(self, ok: bool, item: dict[str, Any], sent: dict[str, Sent]) -> None:
        document = sent.pop(item["_id"], None)
        if document is None:
            # Which one it was, is seen by who is left over.
            return
        if ok:
            self.report.written += 1
            self.accepted(document, item)
        elif status_of(item) == _CONFLICT:
            self.report.changed += 1
            self.conflicted(document)
        else:
            self.refused(document, item)
        self.tick()

    def accepted(self, document: Sent, item: dict[str, Any]) -> None:
        """A document was written, as `item` of the answer says."""
        self._stored.append(document)
        if len(self._stored) >= _LOOK_BACK:
            self._look_back()

    def conflicted(self, document: Sent) -> None:
        """A document was not written, as it is not there with the number that was read."""

    def refused(self, document: Sent, item: dict[str, Any]) -> None:
        """A document was not written, as `item` says, and not because of a newer write. May raise BulkStopped."""
        self.report.failed.append((document.id, failure_of(item)))
        self.report.statuses[status_of(item)] += 1
        stop_if_hopeless(item, document.id)

    def _look_back(self) -> None:
        """Read what the pipeline made of the last documents; the answer to a bulk does not say."""
        stored, self._stored = self._stored, []
        if not stored:
            return
        docs = [
            {"_id": document.id, "_source": outcome.light(self.targets)}
            | ({"routing": document.routing} if document.routing else {})
            for document in stored
        ]
        try:
            answer = self.client.mget(index=self.index, docs=docs, filter_path=["docs._id", "docs._source"]).body
        except AuthorizationException:
            return
        for document, found in zip(stored, answer.get("docs", ()), strict=True):
            source = found.get("_source")
            codes = outcome.error_codes(source, self.targets)
            self.report.errors.update(codes)
            # With an equal error, the picture may still have been cut or removed.
            self.report.unchanged += not codes and outcome.fingerprint(source, self.targets) == document.before
            fields = [
                outcome.is_unprocessed(source, target, False) for target in self.targets if value_at(source, target)
            ]
            # A document with only a picture comes back empty; one with other fields may have no picture.
            left = any(fields) and self._is_unprocessed(document) if fields else document.holds_picture
            self.report.unprocessed += left

    def _is_unprocessed(self, document: Sent) -> bool:
        """Whether a picture is unprocessed; reads the whole document, because the light one has no pictures."""
        patient = self.client.options(ignore_status=404)
        source = patient.get(index=self.index, id=document.id, routing=document.routing).body.get("_source")
        return any(outcome.is_unprocessed(source, target) for target in self.targets)
