"""A host that speaks HTTP in strange ways: each document has its status in time, and the node keeps nothing of it."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
from elasticsearch import ApiError, Elasticsearch

from tests.end_to_end.test_node_memory import assert_nothing_held
from tests.helpers.nodes import set_hosts
from tests.helpers.pictures import b64, picture
from tests.helpers.service import Service

from .test_faults import bulk, statuses

PHOTO = b64(picture("pillow/flower.jpg"))
JSON = b"Content-Type: application/json\r\n"
OK = b"HTTP/1.1 200 OK\r\n" + JSON
BODY = b'{"fields": {"width": 1}}'
CHUNK = b"10000\r\n" + b" " * 65536 + b"\r\n"

Speak = Callable[[socket.socket, threading.Event], None]


def says(*parts: bytes, silent: bool = False) -> Speak:
    """Reads the request, sends the parts, and closes, or is silent from then on."""

    def speak(connection: socket.socket, over: threading.Event) -> None:
        read_request(connection)
        for part in parts:
            connection.sendall(part)
        if silent:
            over.wait()

    return speak


def again_and_again(first: bytes, part: bytes, pause: float = 0, reads: bool = True) -> Speak:
    """Sends the first part, and the other one until somebody hangs up."""

    def speak(connection: socket.socket, over: threading.Event) -> None:
        if reads:
            read_request(connection)
        connection.sendall(first)
        while not over.is_set():
            connection.sendall(part)
            over.wait(pause)

    return speak


def before_the_request(connection: socket.socket, over: threading.Event) -> None:
    connection.sendall(with_length(BODY))
    over.wait()


def read_request(connection: socket.socket) -> None:
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            raise ConnectionError("hung up")
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    # The question whether the host lives has no body.
    lengths = [int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    left = sum(lengths) - len(body)
    while left > 0:
        left -= len(connection.recv(min(left, 65536))) or left


def with_length(body: bytes, length: object = None, more: bytes = b"") -> bytes:
    return OK + more + b"Content-Length: %s\r\n\r\n" % str(len(body) if length is None else length).encode() + body


HEADERS = b"X-%d: " + b"x" * 8000 + b"\r\n"


def ten_megabytes_of_headers(connection: socket.socket, over: threading.Event) -> None:
    headers = (HEADERS % number for number in range(1250))
    says(OK, *headers, b"Content-Length: 0\r\n\r\n", silent=True)(connection, over)


SPEECHES: dict[str, Speak] = {
    "byte by byte": again_and_again(OK + b"Content-Length: 100000\r\n\r\n", b" ", 0.02),
    "a head byte by byte": again_and_again(b"HTTP/1.1 200 OK\r\nX: ", b"x", 0.02),
    **{
        f"{status} forever": again_and_again(b"", b"HTTP/1.1 %d Wait\r\n\r\n" % status, 0.001)
        for status in (100, 102, 103)
    },
    "101": says(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n", silent=True),
    "204": says(b"HTTP/1.1 204 No Content\r\n\r\n"),
    "304": says(b"HTTP/1.1 304 Not Modified\r\n\r\n", silent=True),
    "307 elsewhere": says(b"HTTP/1.1 307 Go\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n"),
    "401 with a challenge": says(b'HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm="x"\r\nContent-Length: 0\r\n\r\n'),
    "chunks without end": again_and_again(OK + b"Transfer-Encoding: chunked\r\n\r\n", CHUNK),
    "chunks and then silence": says(OK + b"Transfer-Encoding: chunked\r\n\r\n", CHUNK * 16, silent=True),
    "a chunk of a wrong size": says(OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + BODY, silent=True),
    "a chunk of a huge size": says(OK + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n" + BODY, silent=True),
    "chunks longer than the length": says(
        OK + b"Content-Length: 10\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNK + b"0\r\n\r\n", silent=True
    ),
    "gzip that nobody asked for": says(
        with_length(gzip.compress(BODY), more=b"Content-Encoding: gzip\r\n"), silent=True
    ),
    "a length too short": says(with_length(BODY, 5), silent=True),
    "a length too long, closed": says(with_length(BODY, 5000)),
    "a length too long, silent": says(with_length(BODY, 5000), silent=True),
    "a length of many digits": says(with_length(BODY, 10**30), silent=True),
    "a length below zero": says(with_length(BODY, -7), silent=True),
    "a length that is a word": says(with_length(BODY, "many"), silent=True),
    "two lengths": says(with_length(BODY, more=b"Content-Length: 3\r\n"), silent=True),
    "10 MB of headers": ten_megabytes_of_headers,
    "headers without end": again_and_again(OK, b"X: " + b"x" * 60000 + b"\r\n"),
    "one header without end": again_and_again(OK + b"X: ", b"x" * 65536),
    "a status line without end": again_and_again(b"HTTP/1.1 200 ", b"x" * 65536),
    "half an answer": says(OK + b"Content-Length: 5000\r\n\r\n" + BODY[:12], silent=True),
    "a promise of 25 MB, closed": says(with_length(BODY, 25_000_000)),
    "a promise of 25 MB, silent": says(with_length(BODY, 25_000_000), silent=True),
    "a promise of 25 MB, byte by byte": again_and_again(with_length(BODY, 25_000_000), b" ", 0.02),
    "not HTTP": says(b"SSH-2.0-OpenSSH_9.6\r\n", silent=True),
    "an answer before the request": before_the_request,
    "an answer without end before the request": again_and_again(
        OK + b"Transfer-Encoding: chunked\r\n\r\n", CHUNK, reads=False
    ),
}


@contextmanager
def speaking(speak: Speak) -> Iterator[str]:
    """A host that does this with every connection; its address."""
    over = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []
    connections: list[socket.socket] = []

    def talk(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.settimeout(20)
            speak(connection, over)

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                connections.append(connection)
                threads.append(threading.Thread(target=talk, args=(connection,)))
                threads[-1].start()

    accepting = threading.Thread(target=accept)
    accepting.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        over.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join()
        # Who sends and is not read any more would wait for its timeout.
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()


@pytest.fixture
def half_a_second(es: Elasticsearch, index_of_module: str, service: Service) -> Iterator[str]:
    """A pipeline whose documents have that long; the node calls the usual service again when the test is over."""
    name = f"half-a-second-{index_of_module}"
    es.ingest.put_pipeline(id=name, processors=[{"image": {"operations": ["grayscale"], "timeout": "500ms"}}])
    yield name
    set_hosts(es, service.url)
    es.ingest.delete_pipeline(id=name)


@pytest.fixture
def usual_service(es: Elasticsearch, service: Service) -> Iterator[Service]:
    """The node calls it again when the test is over."""
    yield service
    set_hosts(es, service.url)


def node_threads(es: Elasticsearch) -> int:
    (node,) = es.nodes.stats(metric="jvm").body["nodes"].values()
    return int(node["jvm"]["threads"]["count"])


@pytest.fixture(scope="module")
def at_first(es: Elasticsearch) -> int:
    """Threads of the node before all these answers."""
    return node_threads(es)


@pytest.mark.parametrize("speech", SPEECHES)
def test_each_document_has_a_status_in_time_and_nothing_is_left(
    es: Elasticsearch, index_of_module: str, service: Service, half_a_second: str, at_first: int, speech: str
) -> None:
    with speaking(SPEECHES[speech]) as url:
        set_hosts(es, url)
        start = time.monotonic()
        with pytest.raises(ApiError) as refusal:
            es.options(max_retries=0).index(
                index=index_of_module, id="1", document={"image": {"data": PHOTO}}, pipeline=half_a_second
            )
        seconds = time.monotonic() - start
        reason = refusal.value.body["error"]["reason"]
        print(f"{speech}: {refusal.value.status_code} {seconds:.1f} s {reason}")
        assert seconds < 10, "its deadline is half a second"
        assert refusal.value.status_code in (500, 503) and reason.startswith("[service_"), reason
        assert len(reason) < 2000
        assert_nothing_held(es)
    set_hosts(es, service.url)
    # By the pipeline of the index, which leaves a good service the time that it needs on a busy machine.
    es.index(index=index_of_module, id="1", document={"image": {"data": PHOTO}})
    assert es.get(index=index_of_module, id="1")["_source"]["image"]["mark"]
    assert_nothing_held(es)
    # The node's pools grow. A thread for each such answer would come to more than a hundred.
    assert node_threads(es) <= at_first + 40


@pytest.mark.parametrize(
    "speech",
    [
        "a length that is a word",
        "a length of many digits",
        "chunks without end",
        "a promise of 25 MB, closed",
        "a promise of 25 MB, silent",
        "a promise of 25 MB, byte by byte",
    ],
)
def test_one_beside_a_good_service_costs_no_document(
    es: Elasticsearch, es_url: str, index: str, usual_service: Service, speech: str
) -> None:
    with speaking(SPEECHES[speech]) as url:
        set_hosts(es, url, usual_service.url)
        assert statuses(bulk(es_url, index, "images", 40)) == {201: 40}
    assert_nothing_held(es)
