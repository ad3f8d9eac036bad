"""Whether a worker was killed because the memory of the container was used up, or by somebody."""

from __future__ import annotations

import errno
import os
import signal
import socket
from pathlib import Path

import pytest

from processor_service.workers import worker
from processor_service.workers.memory import oom_kills
from processor_service.workers.protocol import Job
from tests.processor_service.workers.test_memory import control_group


def test_kills_are_counted_again_each_time_also_in_another_group(tmp_path: Path) -> None:
    cgroups, own = control_group(tmp_path, "0::/a\n", a__memory_events="oom_kill 2\n", b__memory_events="oom_kill 5\n")
    assert oom_kills(cgroups, own) == 2
    (cgroups / "a" / "memory.events").write_text("oom_kill 3\n")
    assert oom_kills(cgroups, own) == 3
    (cgroups / "a" / "memory.events").unlink()
    own.write_text("0::/b\n")
    assert [oom_kills(cgroups, own) for _ in range(2)] == [None, 5]


def test_kills_that_could_not_be_read_are_counted_later(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """They are none as long as nobody knows: a worker that somebody killed had not run out of memory."""

    def no_more_files(*_: object) -> int:
        raise OSError(errno.EMFILE, "no more files")

    cgroups, own = control_group(tmp_path, "0::/a\n", a__memory_events="oom_kill 7\n")
    with monkeypatch.context() as full:
        full.setattr(os, "open", no_more_files)
        assert oom_kills(cgroups, own) is None
    assert oom_kills(cgroups, own) == 7


@pytest.mark.parametrize(("before", "why"), [(None, "killed"), (7, "killed"), (6, "crash")])
def test_only_a_kill_during_the_picture_is_its_fault(
    monkeypatch: pytest.MonkeyPatch, before: int | None, why: str
) -> None:
    kills = iter((before, 7))
    monkeypatch.setattr(worker, "oom_kills", lambda: next(kills))
    ours, theirs = socket.socketpair()
    theirs.close()
    ended = worker.Worker(lambda _pid, _how: -signal.SIGKILL, 0, ours, 1)
    with pytest.raises(worker.Lost, match=why):
        ended.ask(Job.PROCESS, b"", 60)
