from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from processor_service.errors import Code, ImageError
from processor_service.workers.patience import Pace
from processor_service.workers.pool import WorkerPool
from tests.helpers.processes import wait_until
from tests.processor_service.workers.test_worker_pool import FAULTY


@contextmanager
def hanging(pool: WorkerPool) -> Iterator[threading.Event]:
    """A pool whose workers are busy until the event is set, or the block ends."""
    free = threading.Event()
    with ThreadPoolExecutor(pool.size) as threads:
        for _ in range(pool.size):
            threads.submit(pool.run, b"hang", gone=free.is_set)
        # Counted as pending before they have their turns.
        wait_until(lambda: pool.pending == pool.size and not pool.crew._idle)
        try:
            yield free
        finally:
            free.set()


def waiting(pool: WorkerPool, count: int) -> None:
    wait_until(lambda: pool.pending == pool.size + count and len(pool.crew._waiting) == count)


@pytest.fixture
def pool() -> Iterator[WorkerPool]:
    pool = WorkerPool(1, 5, 60.0, command=FAULTY)
    pool.run(b"x")
    yield pool
    pool.stop()


def test_whoever_came_first_has_the_first_turn(pool: WorkerPool, tmp_path: Path) -> None:
    # Written by the worker: threads that have their answers may go on in any order.
    order = tmp_path / "order"
    with hanging(pool) as free, ThreadPoolExecutor(5) as threads:
        for number in range(5):
            threads.submit(pool.run, f"note {order} {number}".encode(), gone=lambda: False)
            waiting(pool, number + 1)
        # Longer than several looks at whether clients are still there.
        time.sleep(0.8)
        free.set()
    assert order.read_text().split() == ["0", "1", "2", "3", "4"]


def test_whoever_hangs_up_leaves_the_line_at_once_and_makes_room(pool: WorkerPool) -> None:
    gone = threading.Event()
    with hanging(pool), ThreadPoolExecutor(5) as threads:
        left = [threads.submit(pool.run, b"x", gone=gone.is_set) for _ in range(5)]
        waiting(pool, 5)
        with pytest.raises(ImageError, match="5 pictures wait"):
            pool.run(b"one too many")
        gone.set()
        for future in left:
            with pytest.raises(ImageError, match=r"hung up .* it was not begun"):
                future.result(60)
        waiting(pool, 0)


def test_what_nobody_waits_for_is_not_started_even_when_a_worker_is_free(pool: WorkerPool) -> None:
    for deadline, gone in ((time.monotonic() - 1, False), (None, True)):
        with pytest.raises(ImageError) as refused:
            pool.run(b"die", deadline=deadline, gone=lambda gone=gone: gone)  # type: ignore[misc]
        assert refused.value.code is Code.OVERDUE
    assert pool.pending == 0
    assert pool.run(b"next").body.startswith(b"next")


def test_a_line_longer_than_the_patience_is_refused_at_once_with_the_time_to_try_again(pool: WorkerPool) -> None:
    with hanging(pool):
        pool._pace.seconds = 10.0
        with pytest.raises(ImageError) as refused:
            pool.run(b"x", deadline=time.monotonic() + 5)
    assert refused.value.code is Code.BUSY
    assert "0 pictures wait, which takes about 10 s; the client waits for 5 s" in refused.value.reason
    assert refused.value.retry_after in (5, 6)


def test_a_free_worker_takes_a_picture_however_long_recent_ones_took(pool: WorkerPool) -> None:
    pool._pace.seconds = 1000.0
    assert pool.run(b"good", deadline=time.monotonic() + 30).body.startswith(b"good")


def test_the_mean_follows_the_recent_pictures() -> None:
    pace = Pace()
    for seconds in [100.0] * 50 + [1.0] * 50:
        pace.took(seconds)
    assert 1 <= pace.seconds < 2
