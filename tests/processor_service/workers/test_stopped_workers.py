"""An idle worker that was stopped gets no picture while another one goes on: it would hold it until its time is over."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from processor_service.workers.pool import WorkerPool
from processor_service.workers.worker import Worker
from tests.helpers.processes import stopped, wait_until

from .test_worker_pool import FAULTY, busy, whole


@pytest.fixture
def pool() -> Iterator[WorkerPool]:
    pool = WorkerPool(2, 4, 60.0, command=FAULTY)
    whole(pool)
    yield pool
    pool.stop()


def idle(pool: WorkerPool) -> Worker:
    """The one that is idle, when the other one has a picture."""
    (worker,) = pool.crew._idle
    return worker


def test_a_picture_waits_for_the_one_that_goes_on(
    pool: WorkerPool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # On a busy machine the other one may seem to stand still: it waits for a file.
    monkeypatch.setattr("processor_service.workers.crew.NOTICED", 1000)
    with ThreadPoolExecutor(1) as threads, busy(pool, 1, tmp_path), stopped(idle(pool).pid):
        waits = threads.submit(pool.run, b"good")
        wait_until(lambda: pool.pending == 2)
        time.sleep(0.5)
        (tmp_path / "done").touch()
        assert waits.result(60).body.startswith(b"good")


def test_it_gets_pictures_again_when_it_goes_on_or_nobody_else_does(
    pool: WorkerPool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with ThreadPoolExecutor(1) as threads, busy(pool, 1, tmp_path):
        monkeypatch.setattr("processor_service.workers.crew.NOTICED", 1000)
        with stopped(idle(pool).pid):
            waits = threads.submit(pool.run, b"good")
            wait_until(lambda: pool.pending == 2)
        assert waits.result(60).body.startswith(b"good")
        with stopped(idle(pool).pid):
            waits = threads.submit(pool.run, b"good")
            monkeypatch.setattr("processor_service.workers.crew.NOTICED", 0)
            wait_until(lambda: not pool.crew._idle)
        assert waits.result(60).body.startswith(b"good")
