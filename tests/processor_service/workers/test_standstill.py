"""A worker that stands still is not one with a slow picture, and not one that the machine is too busy for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from processor_service.workers.standstill import Standstill
from tests.helpers.processes import children, wait_until, with_pid

WAITS, WORKS = "input()", "while True: pass"
# Only its child works, as when a worker writes a JPEG again (metadata/cut/apart.py).
WORKS_IN_A_CHILD = """
import os
from processor_service.parent import die_with_parent
ours = os.getpid()
if os.fork() == 0:
    die_with_parent(ours)
    while True: pass
os.wait()
"""
ON_ONE_CORE = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
# Its thread wants the processor, and gets it only when nobody else does.
WANTS_TO_WORK_IN_A_THREAD = f"""
{ON_ONE_CORE}
import threading
def work():
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    while True: pass
threading.Thread(target=work, daemon=True).start()
input()
"""


@pytest.fixture
def process(request: pytest.FixtureRequest) -> Iterator[int]:
    program = [sys.executable, "-c", f"print(flush=True)\n{request.param}"]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as started:
        assert started.stdout and started.stdout.read(1)
        yield started.pid
        started.kill()


def has_stood_still(standstill: Standstill, busy: bool) -> bool:
    return (standstill.seconds(busy) or 0) > 0.5


def has_another(process: int) -> bool:
    """Whether it has a child, or a second thread."""
    return len(children(process)) + len(list(Path(f"/proc/{process}/task").iterdir())) > 1


def longest(standstill: Standstill, busy: bool, seconds: float) -> float:
    """For how long it stood still, as far as was seen in this time."""
    found, end = 0.0, time.monotonic() + seconds
    while time.monotonic() < end:
        found = max(found, standstill.seconds(busy) or 0.0)
        time.sleep(0.1)
    return found


@pytest.mark.parametrize("process", [WAITS], indirect=True)
def test_one_that_waits_stands_still_only_if_it_has_something_to_do(process: int) -> None:
    standstill = Standstill(process)
    wait_until(lambda: standstill.seconds(busy=False) is None)
    assert longest(standstill, busy=False, seconds=0.5) == 0
    wait_until(partial(has_stood_still, standstill, busy=True))


@pytest.mark.parametrize("process", [WORKS], indirect=True)
def test_one_that_works_or_waits_for_the_processor_does_not_stand_still_until_it_is_stopped(process: int) -> None:
    standstill = Standstill(process)
    # On a busy machine it waits for the processor most of the time.
    assert longest(standstill, busy=True, seconds=1) == 0
    with_pid(process, signal.SIGSTOP)
    for busy in (True, False):
        wait_until(partial(has_stood_still, standstill, busy))
    with_pid(process, signal.SIGCONT)
    wait_until(lambda: standstill.seconds(busy=True) is None)


@pytest.mark.parametrize("process", [WORKS_IN_A_CHILD, WANTS_TO_WORK_IN_A_THREAD], indirect=True)
def test_one_that_waits_for_its_own_child_or_thread_does_not_stand_still(process: int) -> None:
    standstill = Standstill(process)
    with subprocess.Popen([sys.executable, "-c", f"{ON_ONE_CORE}{WORKS}"]) as other:
        try:
            # Until then it loads modules, and may wait for the disk.
            wait_until(lambda: has_another(process))
            assert longest(standstill, busy=True, seconds=1) == 0
        finally:
            other.kill()
    with_pid(process, signal.SIGSTOP)
    wait_until(partial(has_stood_still, standstill, busy=True))


@pytest.mark.parametrize("process", [WAITS], indirect=True)
def test_time_in_which_nobody_looked_does_not_count(process: int) -> None:
    """The service itself may have been stopped together with its workers."""
    standstill = Standstill(process)
    wait_until(lambda: standstill.seconds(busy=True) is not None)
    time.sleep(1.5)
    assert (standstill.seconds(busy=True) or 9) <= 1


def test_a_process_that_the_system_says_nothing_about_moves() -> None:
    assert Standstill(2**22 + 1).seconds(busy=True) is None


@pytest.mark.parametrize("process", [WAITS], indirect=True)
def test_a_process_that_ends_during_a_look_moves(monkeypatch: pytest.MonkeyPatch, process: int) -> None:
    """Python 3.11 finds the folder of its threads, and raises when it is gone before it is read."""
    standstill = Standstill(process)
    wait_until(lambda: standstill.seconds(busy=True) is not None)

    def reaped_first(folder: Path, _: str) -> Iterator[Path]:
        with_pid(process, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(process, 0)
        for thread in os.scandir(folder / "task"):
            yield folder / "task" / thread.name / "stat"

    monkeypatch.setattr(Path, "glob", reaped_first)
    assert standstill.seconds(busy=True) is None
