"""Clients that have the token and send too little keep out nobody who sends; refused ones are not read for long."""

from __future__ import annotations

import errno
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from types import SimpleNamespace

import pytest
import requests
from gunicorn.config import Config
from structlog.testing import capture_logs

from processor_service.web.connections.allowance import Allowance
from processor_service.web.connections.answer_socket import AnswerSocket
from processor_service.web.connections.client_connection import ClientConnection
from processor_service.web.connections.readers import Readers
from processor_service.web.connections.web_process import WebProcess
from tests.helpers.pictures import picture
from tests.helpers.service import Service, running_service
from tests.processor_service.web.test_slow_clients import WITH_TOKEN, connections, head, read_all, read_answer

HOPPER = picture("pillow/hopper.jpg")
TINY = head(f"{WITH_TOKEN}Content-Length: 9\r\n") + b"{"
MB = 1_000_000
# What accept(2) may say of one connection, such as that its network is gone.
NO_CONNECTION = (errno.EPROTO, errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENOMEM)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    log = tmp_path_factory.mktemp("token") / "service.log"
    few = {"workers": "1", "queue_size": "4", "connections": "100", "max_held_bytes": str(3 * MB)}
    # At most 4.5 MB of a request.
    with running_service(log, **few, max_image_bytes=str(5 * MB // 2)) as running:
        yield running


def test_bodies_that_do_not_come_take_no_room(service: Service) -> None:
    with connections(service, 26, head(f"{WITH_TOKEN}Content-Length: {2 * MB}\r\n") + b"{"):
        # Padding that no decoder minds.
        assert service.process_picture(HOPPER + bytes(1_200_000)).status_code == 200


def test_a_body_that_stalls_gives_way_to_one_that_comes(service: Service) -> None:
    begun = head(f"{WITH_TOKEN}Content-Length: {3 * MB}\r\n") + bytes(2_900_000)
    with connections(service, 1, begun) as (stalled,):
        while not (answer := service.process_picture(HOPPER + bytes(600_000))).ok:
            assert answer.json()["error"]["code"] == "busy"
            time.sleep(0.1)
        refusal = read_all(stalled)
    assert refusal.startswith(b"HTTP/1.1 429 ") and b"Retry-After: " in refusal and b"IMAGE_MAX_HELD_BYTES" in refusal


def test_requests_that_do_not_come_give_up_their_places(service: Service) -> None:
    with connections(service, 150, TINY) as opened:
        assert requests.get(f"{service.url}/healthz", timeout=60).status_code == 200
        assert service.process_picture(HOPPER).status_code == 200
        refusal = read_all(opened[0])
    assert refusal.startswith(b"HTTP/1.1 429 ") and b"IMAGE_CONNECTIONS" in refusal


def test_connections_that_wait_give_up_their_places(service: Service) -> None:
    with connections(service, 87, head(WITH_TOKEN, "/v1/limits", "GET")) as kept, ExitStack() as others:
        for each in kept:
            assert read_answer(each).startswith(b"HTTP/1.1 200")
        first = kept[0]
        first.setblocking(False)
        # Where the machine is busy, these may count as stalled and give way first.
        for _ in range(40):
            others.enter_context(connections(service, 4, TINY))
            assert service.process_picture(HOPPER).status_code == 200
            try:
                assert first.recv(1) == b""
                break
            except BlockingIOError:
                continue
        else:
            pytest.fail("the connection that waits has kept its place")


def test_a_client_that_sends_its_picture_before_it_reads_sees_why_it_is_refused(service: Service) -> None:
    answer = requests.post(f"{service.url}/v1/process", bytes(4 * MB), timeout=60)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorized")


def send_on(service: Service, headers: str = "") -> int:
    """Announce a gigabyte, and send it as long as somebody takes it; returns how many bytes were sent."""
    with socket.create_connection(("127.0.0.1", service.port), timeout=60) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 64 * 1024)
        sent, piece = 0, bytes(64 * 1024)
        try:
            client.sendall(head(f"{headers}Content-Length: {10**9}\r\n"))
            while sent < 10**9:
                sent += client.send(piece)
        except ConnectionError:
            pass
        return sent


def test_what_refused_clients_send_on_is_bounded_for_each_and_for_all(service: Service) -> None:
    """Without it each may send 128 MB."""
    assert send_on(service) < 32 * MB
    with ThreadPoolExecutor(20) as threads:
        sent = [threads.submit(send_on, service) for _ in range(20)]
        assert service.process_picture(HOPPER).status_code == 200
        # What lies in the kernel's buffers counts here, too.
        assert sum(each.result() for each in sent) < 200 * MB


def test_an_allowance_comes_back_with_time() -> None:
    now = [0.0]
    allowance = Allowance(100, 10, lambda: now[0])
    assert allowance.take(100) and not allowance.take(1)
    now[0] = 5
    assert not allowance.take(51) and allowance.take(50) and not allowance.take(1)
    now[0] = 1000
    assert allowance.take(100) and not allowance.take(1)


def test_a_connection_that_had_to_give_way_is_not_counted_off_twice() -> None:
    """The loop may have seen something to read before it was closed."""
    process = object.__new__(WebProcess)
    process.reading, process.nr_conns, process.keepalived_conns = Readers(lambda _: False), 0, []
    ours, theirs = socket.socketpair()
    with theirs:
        connection = ClientConnection(Config(), AnswerSocket.of(ours), "", ("", 0))
        connection.close()
        process._readable(connection, None)
        process.on_client_socket_readable(connection, connection.sock)
    assert process.nr_conns == 0


@pytest.mark.parametrize("error", [MemoryError(), *(OSError(number, "") for number in NO_CONNECTION)], ids=repr)
def test_a_connection_that_the_system_does_not_hand_over_does_not_end_the_loop(error: Exception) -> None:
    def fails() -> None:
        raise error

    process = object.__new__(WebProcess)
    process.nr_conns, process.reading = 0, Readers(lambda _: False)
    process.accept(SimpleNamespace(accept=fails))
    assert process.nr_conns == 0


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM])
def test_a_rule_that_forbids_all_connections_costs_no_processor_and_is_told_once(
    monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Such as one of AppArmor: the connection stays in the queue, so the loop sees it again at once."""

    def forbidden() -> None:
        raise OSError(number, "forbidden")

    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    process = object.__new__(WebProcess)
    process.nr_conns, process._told_forbidden = 0, False
    with capture_logs() as told:
        for _ in range(3):
            process.accept(SimpleNamespace(accept=forbidden))
    assert len(pauses) == 3 and min(pauses) > 0
    assert [line["event"] for line in told] == ["no connections"] and "forbidden" in told[0]["reason"]


@pytest.mark.parametrize("error", [MemoryError(), OSError(22, "gone")], ids=repr)
def test_a_connection_that_cannot_be_taken_is_closed_and_does_not_end_the_loop(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fails(_: socket.socket) -> None:
        raise error

    monkeypatch.setattr(AnswerSocket, "of", fails)
    process = object.__new__(WebProcess)
    process.nr_conns, process.cfg = 0, Config()
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as client:
        client.settimeout(60)
        client.connect(listener.getsockname())
        process.accept(listener)
        assert process.nr_conns == 0
        assert client.recv(1) == b""
