from __future__ import annotations

import json
import signal
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from processor_service import document
from processor_service.errors import Code, ImageError
from processor_service.workers.pool import WorkerPool
from processor_service.workers.worker import Answer
from tests.helpers.processes import alive, wait_until, with_pid

FAULTY = (sys.executable, str(Path(__file__).parent / "faulty_worker.py"))


@pytest.fixture
def replaced() -> list[str]:
    return []


@pytest.fixture
def pool(replaced: list[str]) -> Iterator[WorkerPool]:
    pool = WorkerPool(2, 2, 1.5, replaced.append, FAULTY)
    yield pool
    pool.stop()


@pytest.fixture
def by_processor_time_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine is, a picture is not taken for one that got too little of the processor."""
    monkeypatch.setattr("processor_service.workers.pool.WALL", 100)


def kill(pid: int) -> None:
    """Kill a process and wait until it is dead, or gone."""
    with_pid(pid, signal.SIGKILL)
    wait_until(lambda: not alive(pid))


def whole(pool: WorkerPool) -> list[int]:
    """Process ids of all workers, once they are there."""
    wait_until(lambda: len(pool.crew.workers) == pool.size, 120)
    return [worker.pid for worker in pool.crew.workers]


@contextmanager
def busy(pool: WorkerPool, count: int, folder: Path) -> Iterator[None]:
    """So many workers have begun a picture, and are done with it when the block ends."""
    done, begun = folder / "done", [folder / f"begun-{number}" for number in range(count)]
    with ThreadPoolExecutor(count) as threads:
        bodies = [f"wait {file} {done}".encode() for file in begun]
        under_way = [threads.submit(pool.run, body) for body in bodies]
        try:
            wait_until(lambda: all(file.exists() for file in begun))
            yield
        finally:
            done.touch()
        assert [future.result().body.rpartition(b" from ")[0] for future in under_way] == bodies


def code(answer: Answer) -> str:
    return str(json.loads(answer.body)["error"]["code"])


def test_a_picture_that_uses_up_its_processor_time_is_refused_and_its_process_replaced(
    pool: WorkerPool, replaced: list[str], by_processor_time_only: None
) -> None:
    assert code(pool.run(b"spin")) == "picture_timeout"
    assert replaced == ["timeout"]
    assert pool.run(b"next").body.startswith(b"next")


@pytest.mark.parametrize("how", [b"spin", b"die"])
def test_a_picture_that_cost_its_worker_is_cut_by_another_one(
    pool: WorkerPool, how: bytes, monkeypatch: pytest.MonkeyPatch, by_processor_time_only: None
) -> None:
    """Not in the web process: a hostile file is to hold none of its threads."""
    monkeypatch.setattr(document, "cut_refused", None)
    before = whole(pool)
    kept = json.loads(pool.run(how).body)["fields"]["data"]
    assert kept.startswith("cut by ")
    assert int(kept.split()[-1]) in {*before, *whole(pool)}


def test_a_picture_that_also_costs_the_worker_that_cuts_it_is_left_out(
    pool: WorkerPool, replaced: list[str], by_processor_time_only: None
) -> None:
    answer = pool.run(b"spin and spin")
    assert code(answer) == "picture_timeout"
    assert json.loads(answer.body)["fields"]["data"] is None
    assert replaced == ["timeout", "timeout"]
    assert pool.run(b"next").body.startswith(b"next")


def test_a_picture_that_only_waits_is_not_at_fault(pool: WorkerPool, replaced: list[str]) -> None:
    answer = pool.run(b"hang")
    assert (answer.summary["status"], code(answer)) == (503, "interrupted")
    assert json.loads(answer.body)["error"]["retryable"]
    assert replaced == ["stalled"]
    assert pool.run(b"next").body.startswith(b"next")


@pytest.mark.parametrize("how", [b"die", b"exit"])
def test_a_killing_picture_is_tried_twice_and_refused(pool: WorkerPool, replaced: list[str], how: bytes) -> None:
    assert code(pool.run(how)) == "picture_crashed"
    assert replaced == ["crash", "crash"]
    assert pool.run(b"next").body.startswith(b"next")


def test_a_picture_whose_worker_is_ended_from_outside_is_tried_again(
    pool: WorkerPool, replaced: list[str], tmp_path: Path
) -> None:
    assert pool.run(f"unlucky {tmp_path / 'once'}".encode()).body.startswith(b"unlucky")
    assert replaced == ["killed"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1, signal.SIGALRM, signal.SIGPIPE])
def test_a_picture_whose_worker_is_ended_from_outside_twice_is_not_at_fault(
    pool: WorkerPool, replaced: list[str], number: int
) -> None:
    answer = pool.run(f"terminated {int(number)}".encode())
    assert (answer.summary["status"], code(answer)) == (503, "interrupted")
    assert replaced == ["killed", "killed"]


def test_a_worker_without_memory_to_say_so_is_a_picture_that_needs_too_much(pool: WorkerPool) -> None:
    assert code(pool.run(b"greedy")) == "out_of_memory"


def test_a_worker_that_dies_idle_costs_no_picture_a_try(pool: WorkerPool, replaced: list[str]) -> None:
    for pid in whole(pool):
        kill(pid)
    assert [code(pool.run(b"die")) for _ in range(3)] == ["picture_crashed"] * 3
    assert sorted(replaced) == ["crash"] * 6 + ["killed"] * 2


def test_the_template_of_the_workers_may_die(pool: WorkerPool, tmp_path: Path, by_processor_time_only: None) -> None:
    whole(pool)
    with busy(pool, 2, tmp_path):
        assert pool.crew.source.template
        template = pool.crew.source.template.process
        template.kill()
        wait_until(lambda: not alive(template.pid))
    assert pool.ready()


def test_others_are_answered_while_one_hangs_and_one_dies(pool: WorkerPool) -> None:
    with ThreadPoolExecutor(2) as threads:
        bad = [threads.submit(pool.run, b"hang"), threads.submit(pool.run, b"die")]
        time.sleep(0.1)
        good = [pool.run(f"good{i}".encode()).body for i in range(5)]
    assert [body.split()[0].decode() for body in good] == [f"good{i}" for i in range(5)]
    assert [code(future.result()) for future in bad] == ["interrupted", "picture_crashed"]


def test_more_than_workers_and_queue_is_refused_as_busy(
    pool: WorkerPool, tmp_path: Path, by_processor_time_only: None
) -> None:
    whole(pool)
    with ThreadPoolExecutor(2) as threads:
        with busy(pool, 2, tmp_path):
            queued = [threads.submit(pool.run, f"queued {number}".encode()) for number in range(2)]
            wait_until(lambda: pool.load()["pictures_waiting"] == 2)
            for _ in range(2):
                with pytest.raises(ImageError) as refused:
                    pool.run(b"one too many")
                assert refused.value.code is Code.BUSY
        assert [future.result().body.partition(b" from ")[0] for future in queued] == [b"queued 0", b"queued 1"]
    assert pool.load()["pictures_waiting"] == 0


def test_what_is_overdue_is_dropped_before_a_worker_takes_it(
    pool: WorkerPool, tmp_path: Path, by_processor_time_only: None
) -> None:
    whole(pool)
    with ThreadPoolExecutor(1) as threads:
        with busy(pool, 2, tmp_path):
            with pytest.raises(ImageError) as raised:
                pool.run(b"late", deadline=time.monotonic() + 0.1)
            assert raised.value.code is Code.OVERDUE
            waits = threads.submit(pool.run, b"in time", deadline=time.monotonic() + 120)
            wait_until(lambda: pool.load()["pictures_waiting"] == 1)
        assert waits.result().body.startswith(b"in time")
    assert pool.pending == 0


def test_a_picture_that_lost_its_worker_and_waits_again_was_begun(pool: WorkerPool, replaced: list[str]) -> None:
    with pytest.raises(ImageError) as refusal:
        pool.run(b"die", gone=lambda: bool(replaced))
    assert refusal.value.code is Code.ABANDONED
    assert replaced == ["crash"]


def test_a_template_that_is_stuck_keeps_nobody_from_the_workers_that_live(
    replaced: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("processor_service.workers.worker_source._TEMPLATE_SECONDS", 60)
    pool = WorkerPool(2, 2, 30.0, replaced.append, FAULTY)
    try:
        killed, _ = whole(pool)
        assert pool.crew.source.template
        template = pool.crew.source.template.process
        with_pid(template.pid, signal.SIGSTOP)
        with_pid(killed, signal.SIGKILL)
        while not replaced:
            assert pool.ready()
            time.sleep(0.01)
        assert pool.run(b"good").body.startswith(b"good")
        assert pool.ready()
        # It has not been given up meanwhile.
        assert template.poll() is None
        # Otherwise it takes its 60 s to stop.
        with_pid(template.pid, signal.SIGCONT)
    finally:
        pool.stop()


def test_stop_ends_every_process(replaced: list[str]) -> None:
    pool = WorkerPool(2, 0, 1.0, command=FAULTY)
    pool.run(b"x")
    assert pool.crew.source.template
    template, workers = pool.crew.source.template.process, whole(pool)
    pool.stop()
    assert template.poll() is not None
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))


def test_a_process_that_takes_nothing_is_replaced_and_the_picture_tried_again(replaced: list[str]) -> None:
    """Stopped while idle: a body larger than the socket's buffer cannot even be handed over."""
    pool = WorkerPool(1, 0, 3.0, replaced.append, FAULTY)
    try:
        pool.run(b"x")
        with_pid(next(iter(pool.crew.workers)).pid, signal.SIGSTOP)
        assert pool.run(b"y" * 10_000_000).body.startswith(b"yyy")
        assert replaced == ["killed"]
    finally:
        pool.stop()


def test_a_picture_in_work_whose_client_hung_up_is_ended(replaced: list[str], tmp_path: Path) -> None:
    """Its process would be busy until its time is up, and good pictures wait."""
    pool, gone = WorkerPool(1, 4, 30.0, replaced.append, FAULTY), threading.Event()
    try:
        pool.run(b"x")
        with ThreadPoolExecutor(2) as threads:
            begun = tmp_path / "begun"
            left = threads.submit(pool.run, f"wait {begun} {tmp_path / 'never'}".encode(), gone=gone.is_set)
            wait_until(begun.exists)
            waiting = threads.submit(pool.run, b"good")
            gone.set()
            with pytest.raises(ImageError, match=r"hung up.* not finished") as refusal:
                left.result(60)
            assert refusal.value.code is Code.ABANDONED
            assert waiting.result(60).body.startswith(b"good")
        assert replaced == ["abandoned"]
    finally:
        pool.stop()


def test_a_picture_in_work_is_ended_when_the_patience_is(replaced: list[str]) -> None:
    pool = WorkerPool(1, 0, 30.0, replaced.append, FAULTY)
    try:
        pool.run(b"x")
        with pytest.raises(ImageError, match=r"patience.* not finished") as refusal:
            pool.run(b"hang", deadline=time.monotonic() + 1.5)
        assert refusal.value.code is Code.ABANDONED
        assert pool.run(b"next").body.startswith(b"next")
    finally:
        pool.stop()
