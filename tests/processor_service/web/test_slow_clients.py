"""Clients that are slow, silent or without the token keep nobody else from being served."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import requests

from tests.helpers.paths import ROOT
from tests.helpers.pictures import b64, picture
from tests.helpers.ports import free_port
from tests.helpers.service import TOKEN, Service, running_service

AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}
HOPPER = picture("pillow/hopper.jpg")
WITH_TOKEN = f"Authorization: Bearer {TOKEN}\r\n"


def head(headers: str = "", path: str = "/v1/process", method: str = "POST") -> bytes:
    return f"{method} {path} HTTP/1.1\r\nHost: x\r\n{headers}\r\n".encode()


BODY_NEVER_COMES = head("Content-Length: 1000000\r\n") + b"{"
HOSTILE = {
    "silent": b"",
    "one byte": b"G",
    "half a head": head()[:-2],
    "a body that never comes": BODY_NEVER_COMES,
    "the same with the token": head(f"{WITH_TOKEN}Content-Length: 1000000\r\n") + b"{",
    "a tiny one with the token": head(f"{WITH_TOKEN}Content-Length: 9\r\n") + b"{",
    "kept with the token": head(WITH_TOKEN, "/v1/limits", "GET"),
}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    log = tmp_path_factory.mktemp("slow") / "service.log"
    few = {"workers": "1", "queue_size": "4", "connections": "100", "header_timeout": "3", "body_timeout": "4"}
    with running_service(log, **few, max_held_bytes="3000000", health_port=str(free_port())) as running:
        yield running


@contextmanager
def connections(service: Service, count: int, *sent: bytes) -> Iterator[list[socket.socket]]:
    with ExitStack() as stack:
        opened = []
        for number in range(count):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", service.port), timeout=60))
            # The service may have closed it again.
            try:
                client.sendall(sent[number % len(sent)])
            except OSError:
                pass
            opened.append(client)
        yield opened


def read_all(client: socket.socket) -> bytes:
    """What comes until the service closes the connection."""
    found = b""
    try:
        while data := client.recv(65536):
            found += data
    except ConnectionResetError:
        pass
    return found


def read_answer(client: socket.socket) -> bytes:
    found = b""
    while b"}" not in found:
        data = client.recv(65536)
        assert data, found
        found += data
    return found


@pytest.mark.parametrize("kind", HOSTILE)
def test_many_that_send_nothing_to_the_end_keep_nobody_from_being_served(service: Service, kind: str) -> None:
    """Three times as many as there may be connections, ten times as many as there are threads."""
    with connections(service, 300, HOSTILE[kind]):
        for _ in range(3):
            assert requests.get(f"{service.url}/healthz", timeout=60).status_code == 200
            assert service.process_picture(HOPPER).status_code == 200


def test_clients_that_do_not_close_keep_nobody_waiting(service: Service) -> None:
    with connections(service, 60, head(path="/healthz", method="GET")):
        start = time.monotonic()
        assert requests.get(f"{service.url}/healthz", timeout=60).status_code == 200
        # Closing them in turn with two seconds of patience each would take two minutes.
        assert time.monotonic() - start < 30


def test_a_request_without_the_token_is_refused_before_its_body_comes(service: Service) -> None:
    with connections(service, 1, BODY_NEVER_COMES) as (client,):
        answer = read_all(client)
    assert answer.startswith(b"HTTP/1.1 401 ") and b"Connection: close" in answer
    assert json.loads(answer.rpartition(b"\r\n")[2])["error"]["code"] == "unauthorized"


@pytest.mark.parametrize("sent", [b"", b"G", head(WITH_TOKEN + "Content-Length: 9\r\n") + b"{", head(WITH_TOKEN)[:-2]])
def test_head_and_body_have_a_time_limit_with_the_token_too(service: Service, sent: bytes) -> None:
    with connections(service, 1, sent) as (client,):
        assert read_all(client) == b""


def test_a_head_has_a_bound(service: Service) -> None:
    with connections(service, 1, head("X: " + "y" * 40_000 + "\r\n")) as (client,):
        assert b"the headers have more than 32768 bytes" in read_all(client)


def test_only_connections_with_the_token_are_kept(service: Service) -> None:
    with connections(service, 2, head(WITH_TOKEN, "/v1/limits", "GET"), head("", "/v1/limits", "GET")) as (one, other):
        assert read_answer(one).startswith(b"HTTP/1.1 200")
        one.sendall(head(WITH_TOKEN, "/v1/limits", "GET"))
        assert read_answer(one).startswith(b"HTTP/1.1 200")
        assert read_all(other).startswith(b"HTTP/1.1 401")


def test_requests_sent_in_a_row_are_answered_in_order(service: Service) -> None:
    body = json.dumps({"data": b64(HOPPER)}).encode()
    picture_ = head(f"{WITH_TOKEN}Content-Length: {len(body)}\r\n") + body
    last = head(f"{WITH_TOKEN}Connection: close\r\n", "/healthz", "GET")
    with connections(service, 1, picture_ + picture_ + last) as (client,):
        answers = read_all(client)
    assert answers.count(b"HTTP/1.1 200 OK") == 3 and answers.endswith(b'{"status":"ok"}')


def test_a_body_that_comes_byte_by_byte_is_read(service: Service) -> None:
    body = b'{"data": "AAAA"}'
    with connections(service, 1, b"") as (client,):
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for position, byte in enumerate(
            head(f"{WITH_TOKEN}Connection: close\r\nContent-Length: {len(body)}\r\n") + body
        ):
            client.sendall(bytes([byte]))
            # Pauses let the service read what has come. On a busy machine each may take long: head and body have 3 s.
            if position % 16 == 0:
                time.sleep(0.001)
        assert b"not_an_image" in read_all(client)


def test_a_client_that_asks_first_whether_to_send_is_told(service: Service) -> None:
    """As curl does with more than a megabyte."""
    expects = "Expect: 100-continue\r\nContent-Length: 2\r\n"
    with connections(service, 2, head(WITH_TOKEN + expects), head(expects)) as (one, other):
        assert one.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        one.sendall(b"{}")
        answer = read_answer(one)
        assert answer.startswith(b"HTTP/1.1 400") and b"100 Continue" not in answer
        assert read_all(other).startswith(b"HTTP/1.1 401")


def test_a_client_that_asks_first_is_told_that_its_body_is_too_large(service: Service) -> None:
    expects = "Expect: 100-continue\r\nContent-Length: 99999999999\r\n"
    with connections(service, 1, head(WITH_TOKEN + expects)) as (client,):
        answer = read_all(client)
    assert answer.startswith(b"HTTP/1.1 413 ") and b"IMAGE_MAX_IMAGE_BYTES" in answer


@pytest.mark.parametrize(
    "sent",
    [
        head(WITH_TOKEN + "Content-Length: -5\r\n"),
        head(WITH_TOKEN + "Content-Length: 2, 2\r\n"),
        head(WITH_TOKEN + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n"),
        head(WITH_TOKEN + "Transfer-Encoding: odd\r\n"),
        head(WITH_TOKEN + "Expect: the moon\r\nContent-Length: 2\r\n"),
        head("X: a\r\n folded\r\n"),
        head("".join(f"X{number}: 1\r\n" for number in range(200))),
        head("", "/" + "a" * 20_000, "GET"),
        b"GET /healthz\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\0\xa5\1\0\0\xa1\3\3" + bytes(160) + b"\r\n\r\n",
    ],
)
def test_what_is_no_http_of_ours_is_refused_with_a_code(service: Service, sent: bytes) -> None:
    with connections(service, 1, sent) as (client,):
        answer = read_all(client)
    assert answer.startswith(b"HTTP/1.1 400 ")
    error = json.loads(answer.rpartition(b"\r\n")[2])["error"]
    assert (error["code"], error["retryable"]) == ("invalid_request", False)
    assert error["reason"].startswith("the head of the request is not HTTP/1.1 as it is accepted here: ")
    assert TOKEN.encode() not in answer


def test_headers_for_proxies_are_no_errors(service: Service) -> None:
    headers = "SCRIPT_NAME: /elsewhere\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Proto: http\r\n"
    with connections(service, 1, head(headers, "/healthz", "GET")) as (client,):
        assert read_all(client).startswith(b"HTTP/1.1 200 ")


def test_a_body_in_chunks_is_refused_with_what_would_be_right(service: Service) -> None:
    answer = requests.post(f"{service.url}/v1/process", data=iter([b"{", b"}"]), headers=AUTHORIZED, timeout=60)
    assert (answer.status_code, answer.json()["error"]["code"]) == (411, "length_required")


def test_probes_have_a_port_of_their_own(service: Service) -> None:
    url = f"http://127.0.0.1:{service.settings['health_port']}"
    with connections(service, 150, head(WITH_TOKEN + "Content-Length: 9\r\n")):
        time.sleep(0.5)
        assert requests.get(f"{url}/healthz", timeout=60).status_code == 200
        assert requests.get(f"{url}/readyz", timeout=60).status_code == 200
    assert requests.get(f"{url}/v1/limits", headers=AUTHORIZED, timeout=60).status_code == 404


def test_a_service_that_is_to_stop_does_not_wait_for_silent_clients(tmp_path: Path) -> None:
    with (
        running_service(tmp_path / "log", workers="1", header_timeout="500", picture_timeout="500") as service,
        connections(service, 20, b""),
    ):
        time.sleep(0.3)
        service.process.terminate()
        assert service.process.wait(60) == 0


def serve_with_files(files: int, log: Path, port: int) -> subprocess.Popen[bytes]:
    command = f'ulimit -n {files}; IMAGE_TOKEN={TOKEN} IMAGE_WORKERS=1 IMAGE_RECOGNIZERS=0 exec "$0" -m ingest_image serve --port {port}'
    with log.open("wb") as out:
        return subprocess.Popen(["bash", "-c", command, sys.executable], cwd=ROOT, stdout=out, stderr=out)


def test_more_connections_than_files_do_not_end_the_web_process(tmp_path: Path) -> None:
    port = free_port()
    process = serve_with_files(320, tmp_path / "log", port)
    try:
        end = time.monotonic() + 240
        while b"Listening at" not in (tmp_path / "log").read_bytes():
            assert time.monotonic() < end
            time.sleep(0.1)
        with ExitStack() as stack:
            for _ in range(400):
                stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=60))
            assert requests.get(f"http://127.0.0.1:{port}/healthz", timeout=60).status_code == 200
        assert b"Traceback" not in (tmp_path / "log").read_bytes()
    finally:
        process.terminate()
        process.wait(60)


def test_too_few_files_are_told_at_start(tmp_path: Path) -> None:
    process = serve_with_files(100, tmp_path / "log", free_port())
    assert process.wait(240) == 1
    text = (tmp_path / "log").read_text()
    assert "the limit is 100 files (ulimit -n)" in text and "Traceback" not in text
