from __future__ import annotations

import json
import signal
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from processor_service.errors import Code, ImageError
from processor_service.worker_pool import Answer, WorkerPool

FAULTY = (sys.executable, str(Path(__file__).parent / "faulty_worker.py"))


@pytest.fixture
def replaced() -> list[str]:
    return []


@pytest.fixture
def pool(replaced: list[str]) -> Iterator[WorkerPool]:
    pool = WorkerPool(2, 2, 1.5, replaced.append, FAULTY)
    yield pool
    pool.stop()


def code(answer: Answer) -> str:
    return str(json.loads(answer.body)["error"]["code"])


def test_a_hanging_picture_is_refused_and_its_process_replaced(pool: WorkerPool, replaced: list[str]) -> None:
    assert code(pool.run(b"hang")) == "picture_timeout"
    assert replaced == ["timeout"]
    assert pool.run(b"next").body.startswith(b"next")


def test_a_killing_picture_is_tried_twice_and_refused(pool: WorkerPool, replaced: list[str]) -> None:
    assert code(pool.run(b"die")) == "picture_crashed"
    assert replaced == ["crash", "crash"]
    assert pool.run(b"next").body.startswith(b"next")


def test_others_are_answered_while_one_hangs_and_one_dies(pool: WorkerPool) -> None:
    with ThreadPoolExecutor(2) as threads:
        bad = [threads.submit(pool.run, b"hang"), threads.submit(pool.run, b"die")]
        time.sleep(0.1)
        good = [pool.run(f"good{i}".encode()).body for i in range(5)]
    assert [body.split()[0].decode() for body in good] == [f"good{i}" for i in range(5)]
    assert [code(future.result()) for future in bad] == ["picture_timeout", "picture_crashed"]


def test_more_than_workers_and_queue_is_refused_as_busy(pool: WorkerPool) -> None:
    start = threading.Barrier(6)

    def one(_: int) -> str:
        start.wait()
        try:
            pool.run(b"slow")
            return "ok"
        except ImageError as busy:
            assert busy.code is Code.BUSY
            return "busy"

    with ThreadPoolExecutor(6) as threads:
        outcomes = sorted(threads.map(one, range(6)))
    assert outcomes == ["busy", "busy", "ok", "ok", "ok", "ok"]
    assert pool.pending == 0


def test_processes_that_do_not_start_are_answered_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAULTY_BOOT", "1")
    pool = WorkerPool(1, 0, 1.0, command=FAULTY)
    try:
        assert not pool.ready()
        assert code(pool.run(b"x")) == "picture_crashed"
    finally:
        pool.stop()


def test_stop_ends_every_process(replaced: list[str]) -> None:
    pool = WorkerPool(2, 0, 1.0, command=FAULTY)
    pool.run(b"x")
    processes = [worker.process for worker in pool._workers]
    pool.stop()
    assert all(process.poll() is not None for process in processes)


def test_a_process_that_takes_nothing_is_replaced_and_the_picture_tried_again(replaced: list[str]) -> None:
    """Stopped while idle: a body larger than the socket's buffer cannot even be handed over."""
    pool = WorkerPool(1, 0, 1.0, replaced.append, FAULTY)
    try:
        pool.run(b"x")
        next(iter(pool._workers)).process.send_signal(signal.SIGSTOP)
        assert pool.run(b"y" * 10_000_000).body.startswith(b"yyy")
        assert replaced == ["crash"]
    finally:
        pool.stop()
