"""What servers answer, and fail to answer, by a real one on loopback."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from processor_service.errors import Code
from processor_service.fetching.fetcher import Fetcher
from tests.helpers.web_server import Stranger, gives, raw, redirects

from .asked import CAT, refused, settings, url

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n"


def test_redirects_without_end_end(server: Stranger) -> None:
    server.paths["/loop"] = redirects("/loop")
    refused(Code.URL_NOT_FOUND, settings(server), url(server, "/loop"))
    assert len(server.asked) == 6


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (404, Code.URL_NOT_FOUND),
        (403, Code.URL_NOT_FOUND),
        (204, Code.URL_NOT_FOUND),
        (206, Code.URL_NOT_FOUND),
        (302, Code.URL_NOT_FOUND),
        (429, Code.URL_UNREACHABLE),
        (500, Code.URL_UNREACHABLE),
        (503, Code.URL_UNREACHABLE),
    ],
)
def test_what_a_status_means(server: Stranger, status: int, code: Code) -> None:
    server.paths["/x"] = gives(b"", status)
    assert str(status) in refused(code, settings(server), url(server, "/x"))


def timed(call: Callable[[], object]) -> float:
    start = time.monotonic()
    call()
    return time.monotonic() - start


@pytest.mark.parametrize(
    "behaviour",
    [
        raw(b"HTTP/1.1 200 OK\r\n", b"X-Drip: 1\r\n", pause=0.2, then=lambda: True),
        raw(b"HTTP/1.1 100 Continue\r\n\r\n", pause=0.1, then=lambda: True),
        raw(HEAD + b"\r\n", b"x", pause=0.2, then=lambda: True),
        raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n", pause=0.2, then=lambda: True),
        raw(b"", pause=60),
    ],
    ids=["header", "continue", "body", "chunks", "silence"],
)
def test_what_drips_is_cut_off_at_the_deadline(server: Stranger, behaviour: Any) -> None:
    server.paths["/x"] = behaviour
    seconds = timed(lambda: refused(Code.URL_TOO_SLOW, settings(server, url_timeout=1), url(server, "/x")))
    # The stranger itself never ends it.
    assert 0.9 < seconds < 30


def test_a_resolver_that_hangs_is_not_waited_for(server: Stranger, monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(120))
    seconds = timed(lambda: refused(Code.URL_TOO_SLOW, settings(server, url_timeout=1), url(server)))
    over.set()
    assert seconds < 60


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"Content-Length: 10\r\nTransfer-Encoding: chunked\r\n",
        b"Content-Length: 99999999999\r\n",
        b"Content-Length: -5\r\n",
    ],
)
def test_an_endless_body_ends_at_the_limit(server: Stranger, head: bytes) -> None:
    block = b"x" * 10_000
    if b"chunked" in head:
        block = b"2710\r\n" + block + b"\r\n"
    server.paths["/x"] = raw(HEAD + head + b"\r\n", block, then=lambda: True)
    refused(Code.IMAGE_TOO_LARGE, settings(server), url(server, "/x"))


def test_a_body_that_ends_early_is_no_truncated_picture(server: Stranger) -> None:
    server.paths["/x"] = raw(HEAD + b"Content-Length: 50000\r\n\r\n" + CAT[:5000])
    refused(Code.URL_UNREACHABLE, settings(server), url(server, "/x"))
    server.paths["/y"] = raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\n100\r\nabc")
    refused(Code.URL_UNREACHABLE, settings(server), url(server, "/y"))


def test_no_more_than_the_length_that_was_said_is_read(server: Stranger) -> None:
    server.paths["/x"] = raw(HEAD + b"Content-Length: 9\r\n\r\n123456789 and more")
    assert Fetcher(settings(server)).fetch(url(server, "/x")) == b"123456789"


def test_a_compressed_bomb_is_not_unpacked(server: Stranger) -> None:
    server.paths["/x"] = gives(gzip.compress(bytes(50_000_000)), Content_Encoding="gzip")
    refused(Code.NOT_AN_IMAGE, settings(server), url(server, "/x"))


@pytest.mark.parametrize(
    "answer",
    [
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 99_999 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n",
    ],
)
def test_what_is_no_http_is_unreachable(server: Stranger, answer: bytes) -> None:
    server.paths["/x"] = raw(answer)
    refused(Code.URL_UNREACHABLE, settings(server), url(server, "/x"))


def test_nobody_there(server: Stranger, names: dict[str, list[list[str]]]) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        refused(Code.URL_UNREACHABLE, settings(server, hosts=f"127.0.0.1:{port}"), f"http://127.0.0.1:{port}/")
    refused(Code.URL_UNREACHABLE, settings(server, hosts="no-such-name.invalid"), "http://no-such-name.invalid/")
