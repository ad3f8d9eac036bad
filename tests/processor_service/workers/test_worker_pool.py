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

from processor_service import document
from processor_service.errors import Code, ImageError
from processor_service.workers.pool import WorkerPool
from processor_service.workers.worker import Answer
from tests.helpers.processes import with_pid

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
    status = Path(f"/proc/{pid}/status")
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            if "State:\tZ" in status.read_text():
                return
        except OSError:
            return
        time.sleep(0.01)


def whole(pool: WorkerPool) -> list[int]:
    """Process ids of all workers, once they are there."""
    deadline = time.monotonic() + 30
    while len(pool.crew.workers) < pool.size and time.monotonic() < deadline:
        time.sleep(0.01)
    return [worker.pid for worker in pool.crew.workers]


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


def test_a_picture_whose_worker_is_ended_from_outside_twice_is_not_at_fault(
    pool: WorkerPool, replaced: list[str]
) -> None:
    answer = pool.run(b"terminated")
    assert (answer.summary["status"], code(answer)) == (503, "interrupted")
    assert replaced == ["killed", "killed"]


def test_a_worker_without_memory_to_say_so_is_a_picture_that_needs_too_much(pool: WorkerPool) -> None:
    assert code(pool.run(b"greedy")) == "out_of_memory"


def test_a_worker_that_dies_idle_costs_no_picture_a_try(pool: WorkerPool, replaced: list[str]) -> None:
    for pid in whole(pool):
        kill(pid)
    assert [code(pool.run(b"die")) for _ in range(3)] == ["picture_crashed"] * 3
    assert sorted(replaced) == ["crash"] * 6 + ["killed"] * 2


def test_the_template_of_the_workers_may_die(pool: WorkerPool) -> None:
    whole(pool)
    with ThreadPoolExecutor(2) as threads:
        under_way = [threads.submit(pool.run, b"slow") for _ in range(2)]
        time.sleep(0.2)
        assert pool.crew.source.template
        pool.crew.source.template.process.kill()
        assert [future.result().body.split()[0] for future in under_way] == [b"slow"] * 2
    assert pool.ready()


def test_others_are_answered_while_one_hangs_and_one_dies(pool: WorkerPool) -> None:
    with ThreadPoolExecutor(2) as threads:
        bad = [threads.submit(pool.run, b"hang"), threads.submit(pool.run, b"die")]
        time.sleep(0.1)
        good = [pool.run(f"good{i}".encode()).body for i in range(5)]
    assert [body.split()[0].decode() for body in good] == [f"good{i}" for i in range(5)]
    assert [code(future.result()) for future in bad] == ["interrupted", "picture_crashed"]


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
    assert pool.load()["pictures_waiting"] == 0


def test_what_is_overdue_is_dropped_before_a_worker_takes_it(pool: WorkerPool) -> None:
    whole(pool)
    with ThreadPoolExecutor(2) as threads:
        under_way = [threads.submit(pool.run, b"slow") for _ in range(2)]
        time.sleep(0.1)
        with pytest.raises(ImageError) as raised:
            pool.run(b"late", deadline=time.monotonic() + 0.1)
        assert raised.value.code is Code.OVERDUE
        assert pool.run(b"in time", deadline=time.monotonic() + 30).body.startswith(b"in time")
        assert [future.result().body.split()[0] for future in under_way] == [b"slow"] * 2
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
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not [pid for pid in workers if Path(f"/proc/{pid}").exists()]


def test_a_process_that_takes_nothing_is_replaced_and_the_picture_tried_again(replaced: list[str]) -> None:
    """Stopped while idle: a body larger than the socket's buffer cannot even be handed over."""
    pool = WorkerPool(1, 0, 1.0, replaced.append, FAULTY)
    try:
        pool.run(b"x")
        with_pid(next(iter(pool.crew.workers)).pid, signal.SIGSTOP)
        assert pool.run(b"y" * 10_000_000).body.startswith(b"yyy")
        assert replaced == ["killed"]
    finally:
        pool.stop()


def test_a_picture_in_work_whose_client_hung_up_is_ended(replaced: list[str]) -> None:
    """Its process would be busy until its time is up, and good pictures wait."""
    pool, gone = WorkerPool(1, 4, 30.0, replaced.append, FAULTY), threading.Event()
    try:
        pool.run(b"x")
        with ThreadPoolExecutor(2) as threads:
            left = threads.submit(pool.run, b"hang", gone=gone.is_set)
            time.sleep(0.1)
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
