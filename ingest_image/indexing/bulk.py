"""Sends files in bulks, and counts what happened to each."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from queue import SimpleQueue
from threading import Lock, RLock, Thread
from time import monotonic
from typing import Any, Literal

from elasticsearch import AuthorizationException, Elasticsearch

from pipelines.cluster.bulks import Tell, failure_of, send_bulks, status_of, stop_if_hopeless
from pipelines.cluster.sentences import diagnose
from pipelines.cluster.sources import value_at

from ..defaults import BULK_BYTES, LARGEST_PICTURE
from ..files import PictureFile, TooLarge, Unfit, document, id_of_content, id_of_path
from ..search.stored.picture import pictures_of

IdKind = Literal["path", "hash", "auto"]

# The field of a picture, if no pipeline says another one.
IMAGE = "image"
_LOOK_BACK = 100
# Seconds after Ctrl-C for requests that are under way to end, so that the summary has them.
_LAST_ANSWERS = 3.0
_CONFLICT = 409

_IDS: dict[IdKind, Callable[[PictureFile, bytes], str]] = {
    "path": lambda file, data: id_of_path(file),
    "hash": lambda file, data: id_of_content(data),
    # Made here, so that a failure can name the file.
    "auto": lambda file, data: uuid.uuid4().hex,
}


@dataclass
class IndexingReport:
    """What happened to the files."""

    indexed: int = 0
    existing: int = 0
    unprocessed: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    # Names of the files that were stored with an error, with its code and reason.
    faulty: list[tuple[str, str]] = field(default_factory=list)
    # Not stored: names and reasons.
    failed: list[tuple[str, str]] = field(default_factory=list)


class _Turns(Iterator[PictureFile]):
    """Gives the files to several threads, one after the other, until `stopped`."""

    def __init__(self, files: Iterable[PictureFile]) -> None:
        self._files = iter(files)
        self._lock = Lock()
        self.stopped = False
        # Nobody waits for the threads any more.
        self.left = False

    def __next__(self) -> PictureFile:
        with self._lock:
            if self.stopped:
                raise StopIteration
            return next(self._files)


@dataclass
class Sender:
    """Indexes files into `index`; `tick` is called once for each finished file."""

    client: Elasticsearch
    index: str
    pipeline: str | None = None
    id_kind: IdKind = "path"
    max_bulk_bytes: int = BULK_BYTES
    max_file_bytes: int = LARGEST_PICTURE
    concurrency: int = 2
    skip_existing: bool = False
    # Whether `index` is a data stream, which takes new documents only.
    stream: bool = False
    # The fields in which its pipelines put what they make of a picture.
    targets: Sequence[str] = (IMAGE,)
    tick: Callable[[], None] = lambda: None
    # Gets who is waited for, and why.
    tell: Tell = lambda whom, why: None
    # About a minute of waiting in all.
    max_retries: int = 6
    initial_backoff: float = 1
    report: IndexingReport = field(default_factory=IndexingReport)
    _names: dict[str, str] = field(default_factory=dict)
    _stored: list[tuple[str, str]] = field(default_factory=list)
    _lock: RLock = field(default_factory=RLock)

    def send(self, files: Iterable[PictureFile]) -> IndexingReport:
        """Send all files; raises BulkStopped when the rest would fail too. `report` is correct in any case.

        After Ctrl-C, it lacks what is answered later than in some seconds.
        """
        turns = _Turns(files)
        ends: SimpleQueue[BaseException | None] = SimpleQueue()
        # Daemons: who interrupts the program does not wait until a pause is over, or a service that is away answers.
        threads = [Thread(target=self._work, args=(turns, ends), daemon=True) for _ in range(self.concurrency)]
        for thread in threads:
            thread.start()
        try:
            failures = [ends.get() for _ in threads]
        except KeyboardInterrupt:
            turns.stopped = turns.left = True
            until = monotonic() + _LAST_ANSWERS
            for thread in threads:
                thread.join(max(0, until - monotonic()))
            raise
        for failure in filter(None, failures):
            raise failure
        return self.report

    def _work(self, turns: _Turns, ends: SimpleQueue[BaseException | None]) -> None:
        try:
            self._send(turns)
        except BaseException as error:
            turns.stopped = True
            ends.put(error)
        else:
            ends.put(None)

    def _send(self, turns: _Turns) -> None:
        try:
            results = send_bulks(
                self.client,
                self._actions(turns),
                pipeline=self.pipeline,
                max_bytes=self.max_bulk_bytes,
                max_retries=self.max_retries,
                initial_backoff=self.initial_backoff,
                tell=lambda whom, why: None if turns.left else self.tell(whom, why),
            )
            with closing(results):
                for ok, item in results:
                    self._take(ok, item)
        finally:
            self._look_back()

    def _actions(self, files: Iterable[PictureFile]) -> Iterator[dict[str, Any]]:
        for file in files:
            try:
                data = file.read(self.max_file_bytes)
            except Unfit as unfit:
                hint = " (--max-file-bytes)" if isinstance(unfit, TooLarge) else ""
                self._fail(file.relative, f"{unfit}{hint}; not sent")
                continue
            id_ = _IDS[self.id_kind](file, data)
            # A stream itself refuses what it has; it cannot be asked for an id.
            if self.skip_existing and not self.stream and self.client.exists(index=self.index, id=id_):
                with self._lock:
                    self.report.existing += 1
                self.tick()
                continue
            self._names[id_] = file.relative
            yield {
                "_op_type": "create" if self.stream else "index",
                "_index": self.index,
                "_id": id_,
                "_source": document(file, data),
            }

    def _take(self, ok: bool, item: dict[str, Any]) -> None:
        if ok:
            with self._lock:
                self.report.indexed += 1
                self._stored.append((item["_index"], item["_id"]))
            self.tick()
            if len(self._stored) >= _LOOK_BACK:
                self._look_back()
            return
        if self.stream and status_of(item) == _CONFLICT:
            with self._lock:
                self.report.existing += 1
            self.tick()
            return
        name = self._names.get(item.get("_id") or "", "a file")
        self._fail(name, diagnose(failure_of(item)))
        stop_if_hopeless(item, name)

    def _fail(self, name: str, reason: str) -> None:
        with self._lock:
            self.report.failed.append((name, reason))
        self.tick()

    def _look_back(self) -> None:
        """Read what the pipeline made of the last documents; the answer to a bulk does not say."""
        with self._lock:
            stored, self._stored = self._stored, []
        if not stored:
            return
        wanted = [f"{one}.{name}" for one in self.targets for name in ("sha256", "error.code", "error.reason")]
        try:
            answer = self.client.mget(
                docs=[{"_index": index, "_id": id_, "_source": wanted} for index, id_ in stored],
                filter_path=["docs._source"],
            )
        except AuthorizationException:
            # The writer may not read. The documents count as indexed, which is true.
            return
        with self._lock:
            for (_, id_), found in zip(stored, answer.body.get("docs", ()), strict=False):
                # A user's pipeline may turn a document into anything.
                source = found.get("_source")
                pictures = [picture for one in self.targets for picture in pictures_of(value_at(source, one))]
                if problem := next((picture.error for picture in pictures if picture.error), None):
                    self.report.errors[problem.code] += 1
                    name = self._names.get(id_, "a file")
                    self.report.faulty.append((name, f"{problem.code}, {problem.reason}".removesuffix(", ")))
                elif not any(picture.sha256 for picture in pictures):
                    self.report.unprocessed += 1
