"""The work of a run, index by index and shard by shard."""

from __future__ import annotations

import time
from collections.abc import Callable

from elasticsearch import Elasticsearch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from pipelines.cluster.bulks import of_index
from pipelines.cluster.nodes import leaves_out_vectors

from .documents import Reader
from .job import IndexJob
from .state import State
from .writer import ReprocessReport, Writer

# Seconds between two lines about how far a run is.
_TELL = 60.0


class Run:
    """The work of all jobs; `report` counts what happened."""

    def __init__(
        self,
        client: Elasticsearch,
        jobs: list[IndexJob],
        state: State,
        pipeline: str | None,
        max_bytes: int,
        report: ReprocessReport | None = None,
    ) -> None:
        self.report = report or ReprocessReport()
        self._client, self._jobs, self._state = client, jobs, state
        self._pipeline, self._max_bytes = pipeline, max_bytes
        left_out = leaves_out_vectors(client)
        self._readers = {job.index: self._reader(job, left_out) for job in jobs}
        # Number of documents of each index.
        self.totals = [self._total(job) for job in jobs]

    def _reader(self, job: IndexJob, left_out: bool) -> Reader:
        known = job.inspects, job.sizes, job.makers, job.banded, job.enriched, job.lacking, job.elsewhere
        return Reader(self._client, job.index, job.targets, self._max_bytes, left_out, *known)

    def _total(self, job: IndexJob) -> int:
        limits = self._state.indices[job.index].limits
        return sum(self._readers[job.index].count(shard, limit, job.query) for shard, limit in limits.items())

    def all(self, tell: Callable[[int, int], None]) -> None:
        """Do it all. Raises BulkStopped when the rest would fail too; `report` is correct in any case.

        Without a terminal `tell` is called about once a minute, with the number of documents done and of all.
        """
        told, done, total = time.monotonic(), 0, sum(self.totals)

        def tick() -> None:
            nonlocal told, done
            progress.advance(task)
            done += 1
            if not console.is_terminal and time.monotonic() - told > _TELL:
                told = time.monotonic()
                tell(done, total)

        console = Console(stderr=True)
        columns = (TextColumn("reprocessing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
            task = progress.add_task("reprocessing", total=total)
            for job in self._jobs:
                self._do(job, tick)

    def _do(self, job: IndexJob, tick: Callable[[], None]) -> None:
        reader = self._readers[job.index]
        client = self._client.options(opaque_id=of_index(self._state.run_id, job.index, job.uuid))
        writer = Writer(
            client, job.index, job.targets, self.report, self._pipeline, self._max_bytes, tick, fields=job.fields
        )
        for shard, limit in self._state.indices[job.index].limits.items():
            writer.write(reader.read(reader.scan(shard, limit, job.query)), limit)
