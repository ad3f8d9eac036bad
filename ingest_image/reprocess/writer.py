"""Writes documents back through the pipeline and keeps account of what became of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from elasticsearch import AuthorizationException, Elasticsearch

from pipelines.cluster.bulks import failure_of, send_bulks, status_of, stop_if_hopeless
from pipelines.cluster.sources import holds_picture, value_at

from . import outcome
from .documents import Document

_CONFLICT = 409
_LOOK_BACK = 100


@dataclass
class Report:
    """What became of the documents."""

    written: int = 0
    # Of those written, without an error: the fields of their pictures are the same as before.
    unchanged: int = 0
    # Of those written: a picture is still there as it came, with neither fields nor an error.
    unprocessed: int = 0
    # There is no picture that could be processed again.
    without_picture: int = 0
    # A newer write, or a deletion, came first and stays.
    changed: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    failed: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Sent:
    """A document on its way, and what tells whether the pipeline changed its pictures."""

    id: str
    routing: str | None
    before: str
    holds_picture: bool


@dataclass
class Writer:
    """Writes to one index; `tick` is called once for each document that is done with."""

    client: Elasticsearch
    index: str
    targets: list[str]
    report: Report
    pipeline: str | None = None
    max_bulk_bytes: int = 4 * 1024 * 1024
    tick: Callable[[], None] = lambda: None
    # About a minute of waiting in all.
    max_retries: int = 6
    # Where pictures can be, when documents without one are left alone.
    fields: Sequence[str] | None = None
    _stored: list[Sent] = field(default_factory=list)

    def write(self, documents: Iterable[Document], limit: int) -> None:
        """Write those back that nobody has written since; `limit` is the sequence number of the run's beginning."""
        sent: dict[str, Sent] = {}
        results = send_bulks(
            self.client,
            self._actions(documents, limit, sent),
            pipeline=self.pipeline,
            max_bytes=self.max_bulk_bytes,
            max_retries=self.max_retries,
        )
        try:
            for ok, item in results:
                self._take(ok, item, sent)
        finally:
            self._look_back()

    def _actions(self, documents: Iterable[Document], limit: int, sent: dict[str, Sent]) -> Iterator[dict[str, Any]]:
        for document in documents:
            if document.seq_no < 0 or document.seq_no > limit:
                self.report.changed += 1
                self.tick()
            elif document.source is None:
                self._fail(document.id, "the index stores no _source")
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
        document = sent.pop(item["_id"])
        if ok:
            self.report.written += 1
            self._stored.append(document)
            self.tick()
            if len(self._stored) >= _LOOK_BACK:
                self._look_back()
            return
        if status_of(item) == _CONFLICT:
            self.report.changed += 1
            self.tick()
            return
        self._fail(document.id, failure_of(item))
        stop_if_hopeless(item, document.id)

    def _fail(self, id_: str, reason: str) -> None:
        self.report.failed.append((id_, reason))
        self.tick()

    def _look_back(self) -> None:
        """See what the pipeline made of the documents written last; the answer to a bulk does not say."""
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
            # Beside an equal error, the picture may have been cut or removed.
            self.report.unchanged += not codes and outcome.fingerprint(source, self.targets) == document.before
            fields = [
                outcome.is_unprocessed(source, target, False) for target in self.targets if value_at(source, target)
            ]
            # What has nothing but its picture comes without anything; what has other fields may have no picture.
            left = any(fields) and self._is_unprocessed(document) if fields else document.holds_picture
            self.report.unprocessed += left

    def _is_unprocessed(self, document: Sent) -> bool:
        """Told from the whole document, as its light form does not say what is a picture."""
        patient = self.client.options(ignore_status=404)
        source = patient.get(index=self.index, id=document.id, routing=document.routing).body.get("_source")
        return any(outcome.is_unprocessed(source, target) for target in self.targets)
