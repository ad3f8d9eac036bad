"""A client that reads its answers slowly is given up; one that only stops for a while is not."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from processor_service.web.connections import answer_socket
from processor_service.web.connections.answer_socket import AnswerSocket
from tests.helpers.processes import wait_until

# Long enough for a reader that gets a part of the processor only.
SECONDS, BUFFER = 1.5, 32 * 1024
MEGABYTE = 1024**2
# What a slow reader takes at a time: 25 kB a second.
LITTLE, PAUSE = 512, 0.02


@pytest.fixture
def ours(monkeypatch: pytest.MonkeyPatch) -> Iterator[AnswerSocket]:
    """The service's end of a connection of which a quarter of a megabyte a second has to be read; `client` is the other."""
    monkeypatch.setattr(answer_socket, "SEND_SECONDS", SECONDS)
    monkeypatch.setattr(answer_socket, "LEAST_RATE", MEGABYTE // 4)
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        client.connect(listener.getsockname())
        with AnswerSocket.of(listener.accept()[0]) as made:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
            made.client = client  # type: ignore[attr-defined]
            yield made


@contextmanager
def reading(ours: AnswerSocket, size: int, pause: float, first: float = 0.0) -> Iterator[list[int]]:
    """Reads so many bytes at a time, with pauses; `first`: seconds before it begins. Collects what came."""
    client: socket.socket = ours.client  # type: ignore[attr-defined]
    ended, came = threading.Event(), [0]

    def read() -> None:
        client.settimeout(0.1)
        wait = first
        while not ended.wait(wait):
            wait = pause
            try:
                came[0] += len(client.recv(size))
            except OSError:
                pass

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield came
    finally:
        ended.set()
        thread.join()


@pytest.mark.parametrize(("size", "pause"), [(1, 60), (LITTLE, PAUSE)])
def test_a_client_that_does_not_read_or_reads_slowly_is_given_up(ours: AnswerSocket, size: int, pause: float) -> None:
    """The second one never makes a pause that is too long."""
    with reading(ours, size, pause):
        start = time.monotonic()
        with pytest.raises(BrokenPipeError, match="too slowly"):
            ours.sendall(bytes(4 * MEGABYTE))
        # Reading all would take it minutes.
        assert SECONDS <= time.monotonic() - start < 60


def test_an_answer_in_many_parts_has_no_more_time_than_one(ours: AnswerSocket) -> None:
    with reading(ours, LITTLE, PAUSE), pytest.raises(BrokenPipeError):
        for _ in range(4096):
            ours.sendall(bytes(1024))


def test_small_answers_in_a_row_have_no_more_time_than_a_large_one(ours: AnswerSocket) -> None:
    with reading(ours, LITTLE, PAUSE), pytest.raises(BrokenPipeError):
        for _ in range(256):
            ours.begin_answer()
            ours.sendall(bytes(16 * 1024))


def test_time_in_which_an_answer_is_made_does_not_count(ours: AnswerSocket) -> None:
    with reading(ours, MEGABYTE, 0):
        ours.sendall(bytes(MEGABYTE))
        time.sleep(1.5 * SECONDS)
        ours.sendall(bytes(MEGABYTE))


def test_a_client_that_stops_for_a_while_and_is_quick_otherwise_gets_everything(ours: AnswerSocket) -> None:
    with reading(ours, MEGABYTE, 0, SECONDS / 2) as came:
        ours.sendall(bytes(MEGABYTE))
        wait_until(lambda: came[0] == MEGABYTE)
