"""The gallery's web server with clients that are slow, many, large, or still there when it stops."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests

from ingest_image.gallery.serving import server as gallery_server
from ingest_image.gallery.serving.server import THREADS, UPLOADS, Server
from tests.helpers.fake_elasticsearch import FakeElasticsearch
from tests.helpers.galleries import gallery_settings, running_gallery
from tests.helpers.ports import free_port
from tests.helpers.processes import AS_BACKGROUND_JOB, memory

OWN = {"Sec-Fetch-Site": "same-origin", "Accept": "application/json"}
MEGABYTE = 1 << 20


@pytest.fixture
def server(es: FakeElasticsearch) -> Iterator[Server]:
    with running_gallery(es.client, gallery_settings()) as running:
        yield running


def url(server: Server, path: str = "/healthz") -> str:
    return f"http://127.0.0.1:{server.port}{path}"


def connected(server: Server, text: str) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=60)
    connection.sendall(text.encode())
    return connection


def upload_head(length: int) -> str:
    return (
        f"POST /upload HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\nContent-Length: {length}\r\n\r\n"
    )


def wait_until(holds: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.05)


@pytest.mark.parametrize("text", ["GET", "GET / HTTP/1.1\r\nHost: x", upload_head(100_000), upload_head(100_000) + "x"])
def test_pages_are_answered_beside_many_slow_clients(server: Server, text: str) -> None:
    with ExitStack() as stack:
        for _ in range(100):
            stack.enter_context(connected(server, text))
        assert requests.get(url(server), timeout=60).json() == {"gallery": "images*"}


def test_a_client_that_never_says_what_it_wants_is_hung_up_on(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gallery_server, "HEAD_TIME", 1)
    with connected(server, "GET / HT") as connection:
        ended = threading.Event()

        def drip() -> None:
            try:
                while not ended.wait(0.2):
                    connection.sendall(b"T")
            except OSError:
                pass

        thread = threading.Thread(target=drip)
        thread.start()
        try:
            assert connection.recv(1) == b""
        except ConnectionResetError:
            pass
        finally:
            ended.set()
            thread.join()


def test_only_some_uploads_are_taken_at_a_time_and_all_in_the_end(server: Server, es: FakeElasticsearch) -> None:
    most, running, lock = 0, 0, threading.Lock()
    answer = es.answer

    def slow(method: str, path: str, body: Any) -> Any:
        nonlocal most, running
        if method == "PUT":
            with lock:
                running += 1
                most = max(most, running)
            time.sleep(0.2)
            with lock:
                running -= 1
        return answer(method, path, body)

    es.answer = slow  # type: ignore[method-assign]

    def upload(number: int) -> int:
        files = {"file": (f"{number}.jpg", os.urandom(MEGABYTE))}
        return requests.post(url(server, "/upload"), files=files, headers=OWN, timeout=60).status_code

    with ThreadPoolExecutor(3 * UPLOADS) as pool:
        assert set(pool.map(upload, range(3 * UPLOADS))) == {200}
    assert 1 < most <= UPLOADS < THREADS
    assert len(es.documents) == 1 + 3 * UPLOADS


def large(_: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [])
    return [bytes(MEGABYTE)] * 32


def test_a_client_that_reads_its_answer_slowly_is_hung_up_on(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes something now and then, and so is never idle."""
    monkeypatch.setattr(gallery_server, "ANSWER_TIME", 0.5)
    monkeypatch.setattr(gallery_server, "LEAST_RATE", 1 << 30)
    monkeypatch.setattr(server.adj, "cleanup_interval", 0.2)
    monkeypatch.setattr(server, "next_channel_cleanup", 0)
    # More than the kernel and waitress keep: a thread waits, too.
    monkeypatch.setattr(server, "application", large)
    with connected(server, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n") as connection:
        came, end = 0, time.monotonic() + 60
        with suppress(ConnectionError):
            while (data := connection.recv(20_000)) and time.monotonic() < end:
                came += len(data)
                time.sleep(0 if not server.active_channels else 0.02)
    assert came < 16 * MEGABYTE
    wait_until(lambda: not server.task_dispatcher.active_count)


class Stand(BaseHTTPRequestHandler):
    """An Elasticsearch that counts what it is sent, and takes its time for a document."""

    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        chunks: list[int] = []
        if length := int(self.headers.get("Content-Length", 0)):
            chunks.append(len(self.rfile.read(length)))
        while not length and (size := int(self.rfile.readline(), 16)):
            chunks.append(len(self.rfile.read(size)))
            self.rfile.readline()
        if not length:
            self.rfile.readline()
        server: Any = self.server
        server.chunks.append(chunks)
        server.over.wait(server.patience)
        self.reply(b'{"_index": "images", "_id": "1", "result": "created"}')

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.reply(b'{"docs": [{"_index": "images", "_id": "1", "found": true, "_source": {"title": "x"}}]}')

    def do_GET(self) -> None:
        self.reply(b'{"images": {"mappings": {}}}')

    def reply(self, body: bytes) -> None:
        self.send_response(200)
        for name, value in {
            "X-Elastic-Product": "Elasticsearch",
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def elasticsearch() -> Iterator[Any]:
    stand: Any = ThreadingHTTPServer(("127.0.0.1", 0), Stand)
    stand.chunks, stand.patience, stand.over = [], 0.0, threading.Event()
    stand.daemon_threads = True
    thread = threading.Thread(target=stand.serve_forever, args=(0.05,))
    thread.start()
    yield stand
    stand.shutdown()
    thread.join()
    stand.server_close()


class Running:
    """`ingest-image gallery` as a process of its own."""

    def __init__(self, elasticsearch_port: int) -> None:
        self.port = free_port()
        command = [*AS_BACKGROUND_JOB, sys.executable, "-m", "ingest_image", "gallery", "--port", str(self.port)]
        self.process = subprocess.Popen(
            [*command, "--url", f"http://127.0.0.1:{elasticsearch_port}"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_until(self.answers)
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise

    def answers(self) -> bool:
        assert self.process.poll() is None
        try:
            return requests.get(f"http://127.0.0.1:{self.port}/healthz", timeout=60).ok
        except requests.ConnectionError:
            return False

    def upload(self, data: bytes) -> requests.Response:
        files = {"file": ("new.jpg", data)}
        return requests.post(f"http://127.0.0.1:{self.port}/upload", files=files, headers=OWN, timeout=60)

    def memory(self, name: str) -> int:
        return memory(self.process.pid, name)

    def end(self) -> int:
        try:
            return self.process.wait(120)
        finally:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def running(elasticsearch: Any) -> Iterator[Running]:
    gallery = Running(elasticsearch.server_port)
    yield gallery
    gallery.process.kill()
    gallery.end()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read from /proc")
def test_sixteen_large_uploads_take_less_memory_than_three_of_them(running: Running, elasticsearch: Any) -> None:
    elasticsearch.patience = 0.5
    size = 9 * MEGABYTE
    running.upload(os.urandom(MEGABYTE))
    before = running.memory("VmRSS")
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(running.upload, [os.urandom(64) * (size // 64) for _ in range(16)]))
    assert {answer.status_code for answer in answers} == {200}
    assert running.memory("VmHWM") - before < 3 * size
    # The picture left in pieces, and all of it.
    largest = max(elasticsearch.chunks, key=sum)
    assert max(largest) < MEGABYTE and sum(largest) > 4 / 3 * size


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read from /proc")
def test_a_form_of_another_kind_is_not_parsed(running: Running) -> None:
    body = b"file=a&" * (10 * MEGABYTE // 7)
    headers = {**OWN, "Content-Type": "application/x-www-form-urlencoded"}
    before = running.memory("VmRSS")
    answer = requests.post(f"http://127.0.0.1:{running.port}/upload", body, headers=headers, timeout=60)
    assert (answer.status_code, answer.json()) == (400, {"error": "The request has no file"})
    assert running.memory("VmHWM") - before < 3 * len(body)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_is_in_work_is_finished_when_it_is_stopped(
    running: Running, elasticsearch: Any, number: signal.Signals
) -> None:
    elasticsearch.patience = 100.0
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(running.upload, os.urandom(MEGABYTE))
        wait_until(lambda: bool(elasticsearch.chunks))
        running.process.send_signal(number)
        wait_until(lambda: not can_connect(running.port))
        assert not answer.done()
        elasticsearch.over.set()
        assert answer.result().status_code == 200
    assert running.end() == 0


def can_connect(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True
