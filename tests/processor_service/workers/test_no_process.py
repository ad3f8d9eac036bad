"""Processes cannot be started for a while, or not at all."""

from __future__ import annotations

import errno
import os
import subprocess
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from processor_service.errors import Code, ImageError
from processor_service.workers.pool import WorkerPool
from processor_service.workers.worker_source import WorkerSource
from tests.helpers.processes import children, wait_until
from tests.processor_service.workers.test_worker_pool import FAULTY, kill, whole


def assert_no_worker(pool: WorkerPool) -> None:
    for _ in range(3):
        with pytest.raises(ImageError) as raised:
            pool.run(b"y")
        assert raised.value.code is Code.NO_WORKER
        assert not pool.ready()


def is_gone(pool: WorkerPool, pid: int) -> bool:
    return pid not in [worker.pid for worker in pool.crew.workers]


@pytest.fixture
def pool() -> Iterator[WorkerPool]:
    pool = WorkerPool(2, 2, 1.5, command=FAULTY)
    yield pool
    pool.stop()


@pytest.mark.parametrize("what", ["--no-template", "--no-worker"])
def test_processes_that_do_not_start_are_answered_not_waited_for(what: str) -> None:
    pool = WorkerPool(1, 0, 1.0, command=(*FAULTY, what))
    try:
        assert not pool.ready()
        with pytest.raises(ImageError) as raised:
            pool.run(b"x")
        assert raised.value.code is Code.NO_WORKER
        assert not pool.ready()
    finally:
        pool.stop()


def test_a_pool_without_processes_recovers_when_they_can_be_started_again(
    pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    for what in ("fork", "template"):
        workers = whole(pool)
        with monkeypatch.context() as patched:
            patched.setattr("processor_service.workers.worker_source.socket.socketpair", refused)
            if what == "template":
                assert pool.crew.source.template
                pool.crew.source.template.process.kill()
            for pid in workers:
                kill(pid)
            assert_no_worker(pool)
        wait_until(pool.ready)
        assert pool.run(b"z").body.startswith(b"z")


@pytest.mark.parametrize("number", [errno.EAGAIN, errno.ENOMEM], ids=errno.errorcode.get)
def test_a_template_that_cannot_be_started_is_started_later(
    pool: WorkerPool, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    attempts = []

    def refused(*_: object) -> int:
        attempts.append(time.monotonic())
        raise OSError(number, os.strerror(number))

    whole(pool)
    template = pool.crew.source.template
    assert template
    with monkeypatch.context() as patched:
        patched.setattr(subprocess, "_fork_exec", refused)
        template.process.kill()
        wait_until(lambda: bool(attempts) and not pool.ready())
        files = open_files()
        assert_no_worker(pool)
        seen = len(attempts)
        wait_until(lambda: len(attempts) > seen + 1)
        assert len(open_files() - files) <= 4, "sockets of attempts that failed stay open"
    wait_until(pool.ready)
    assert pool.run(b"z").body.startswith(b"z")
    assert len(whole(pool)) == 2


def open_files() -> set[str]:
    return {entry.name for entry in Path("/proc/self/fd").iterdir()}


@pytest.fixture
def source() -> Iterator[WorkerSource]:
    source = WorkerSource(FAULTY, b"", 1.5)
    source.start().stop()
    yield source
    source.end()


@pytest.mark.parametrize("error", [MemoryError(), OSError(errno.EBADF, "closed")], ids=repr)
@pytest.mark.parametrize("where", ["worker.Channel", "worker.Worker.is_ready", "worker.socket.socket.setsockopt"])
def test_a_start_that_fails_in_the_middle_leaves_neither_socket_nor_worker(
    source: WorkerSource, monkeypatch: pytest.MonkeyPatch, where: str, error: Exception
) -> None:
    def fails(*_: object) -> None:
        raise error

    assert source.template
    pid, files = source.template.process.pid, open_files()
    with monkeypatch.context() as patched:
        patched.setattr(f"processor_service.workers.{where}", fails)
        # The exception is kept, and with it all that its frames have.
        with pytest.raises(type(error)) as kept:
            source.start()
        assert open_files() == files, kept
        assert children(pid) == set()
    source.start().stop()
    assert source.template.process.pid == pid


def test_an_answer_that_was_not_read_is_not_taken_for_the_next_one(
    source: WorkerSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert source.template
    first, control = source.template, source.template._control

    class Fails:
        """A socket that has no memory to receive, once."""

        def recv(self, _: int) -> bytes:
            first._control = control
            raise MemoryError

        def __getattr__(self, name: str) -> Any:
            return getattr(control, name)

    monkeypatch.setattr(first, "_control", Fails())
    with pytest.raises(MemoryError):
        source.start()
    worker = source.start()
    assert source.template is not first
    assert {worker.pid} == children(source.template.process.pid)
    worker.stop()


def test_a_template_that_could_not_be_loaded_is_not_used(source: WorkerSource, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise MemoryError

    assert source.template
    source.template.stop()
    with monkeypatch.context() as patched:
        patched.setattr("processor_service.workers.worker_source.TemplateProcess.load", fails)
        with pytest.raises(MemoryError):
            source.start()
    source.start().stop()


@pytest.mark.parametrize("number", [errno.EAGAIN, errno.ENOMEM], ids=errno.errorcode.get)
def test_a_pool_whose_template_cannot_fork_tries_again_with_pauses_and_recovers(number: int, tmp_path: Path) -> None:
    failing = tmp_path / "failing"
    pool = WorkerPool(2, 2, 1.5, command=(*FAULTY, "--fork-fails", str(failing)))
    try:
        workers = whole(pool)
        assert pool.crew.source.template
        template = pool.crew.source.template.process.pid
        failing.write_text(str(number))
        for pid in workers:
            kill(pid)
        assert_no_worker(pool)
        # Without pauses there would be hundreds of attempts.
        time.sleep(1)
        assert 1 < len(failing.read_text().split()) < 12
        failing.unlink()
        wait_until(pool.ready)
        assert pool.run(b"z").body.startswith(b"z")
        assert len(whole(pool)) == 2
        # It was not at fault.
        assert pool.crew.source.template.process.pid == template
    finally:
        pool.stop()


@pytest.mark.parametrize("busy", [False, True], ids=["while idle", "at work"])
def test_a_failure_while_a_worker_is_replaced_is_not_the_end_of_the_pool(busy: bool) -> None:
    """As when there is no memory for what is counted."""
    failures = [MemoryError(), MemoryError()]

    def count(_: str) -> None:
        if failures:
            raise failures.pop()

    pool = WorkerPool(1, 2, 1.5, count, command=FAULTY)
    try:
        while failures:
            (pid,) = whole(pool)
            if busy:
                with pytest.raises(MemoryError):
                    pool.run(b"die")
            else:
                kill(pid)
                wait_until(partial(is_gone, pool, pid))
        whole(pool)
        assert pool.run(b"z").body.startswith(b"z")
    finally:
        pool.stop()
