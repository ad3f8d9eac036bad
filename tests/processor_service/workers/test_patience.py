"""Slow pictures whose clients stop waiting do not keep good ones waiting."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
import requests
from PIL import Image

from tests.helpers.pictures import b64, encoded
from tests.helpers.service import TOKEN, Service, running_service

AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}
# Takes minutes by the recipe alone, whatever the machine.
SLOW = {
    "data": b64(encoded(Image.new("RGB", (3000, 2000)), "JPEG")),
    "document_operations": [{"blur": {"radius": 1}}] * 64,
    "properties": [],
}
TINY = encoded(Image.new("RGB", (64, 48), "red"))


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    log = tmp_path_factory.mktemp("patience") / "service.log"
    with running_service(log, workers="2", queue_size="16", picture_timeout="600") as running:
        yield running


@contextmanager
def waiting_clients(service: Service, count: int, more: bytes = b"") -> Iterator[None]:
    """So many slow pictures are sent, and `more` after each; at the end their clients hang up."""
    body = json.dumps(SLOW).encode()
    head = (
        f"POST /v1/process HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with ExitStack() as connections:
        for _ in range(count):
            client = connections.enter_context(socket.create_connection(("127.0.0.1", service.port)))
            client.sendall(head.encode() + body + more)
        until(lambda: load(service)["pictures_waiting"] == count - 2)
        yield


def load(service: Service) -> dict[str, Any]:
    return dict(requests.get(f"{service.url}/v1/limits", headers=AUTHORIZED, timeout=60).json())


def until(condition: Any) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.parametrize("more", [b"", b"\r\n", b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"])
def test_the_next_picture_does_not_wait_for_slow_ones_whose_clients_hung_up(service: Service, more: bytes) -> None:
    """Also when something after the request was not read yet."""
    with waiting_clients(service, 16, more):
        pass
    start = time.monotonic()
    assert service.process_picture(TINY).status_code == 200
    # Any of the sixteen would take minutes.
    assert time.monotonic() - start < 20
    assert load(service)["pictures_waiting"] == 0


def test_a_picture_is_dropped_when_the_patience_of_its_client_ends(service: Service) -> None:
    with waiting_clients(service, 2):
        answer = requests.post(
            f"{service.url}/v1/process",
            json={"data": b64(TINY)},
            headers={**AUTHORIZED, "X-Image-Patience": "1500"},
            timeout=60,
        )
    # Overdue, or refused at once, when recent pictures took long.
    assert (answer.status_code, answer.json()["error"]["code"]) in ((503, "overdue"), (429, "busy"))
    assert answer.json()["error"]["retryable"] is True
    assert int(answer.headers["Retry-After"]) >= 1


def test_a_slow_picture_is_ended_when_the_patience_of_its_client_ends(service: Service) -> None:
    headers = {**AUTHORIZED, "X-Image-Patience": "3000"}
    answer = requests.post(f"{service.url}/v1/process", json=SLOW, headers=headers, timeout=60)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "abandoned")
    assert answer.json()["error"]["retryable"] is True
    assert int(answer.headers["Retry-After"]) >= 1


@pytest.mark.parametrize("patience", ["", "soon", "-5", "1e9", "9" * 40])
def test_a_patience_that_is_no_number_of_milliseconds_is_none(service: Service, patience: str) -> None:
    headers = {**AUTHORIZED, "X-Image-Patience": patience}
    answer = requests.post(f"{service.url}/v1/process", json={"data": b64(TINY)}, headers=headers, timeout=60)
    assert answer.status_code == 200
