"""Odd upload forms, and what comes of the gallery.

    .venv/bin/python -m tests.load.gallery_forms

`ingest-image gallery` runs as a process of its own, with a stand-in for Elasticsearch that counts what is stored.
Each form is sent on a connection of its own: lengths that are wrong, chunks that never end, thousands of parts, a part's
head of 40 MB, no boundary; from other sites, and by another name of the host. Then kill -9 while 8 uploads are in work.
Prints what came of each and the memory of the gallery; ends with status 1 when something was stored, an answer is not a
refusal, a file is left in TMPDIR, the port is not free at once, or the next good form is not stored.
"""

from __future__ import annotations

import os
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests

from tests.ingest_image.gallery.test_gallery_server import MEGABYTE, Running, Stand

TYPE = "Content-Type: multipart/form-data; boundary=b"
PART = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x.jpg"\r\n\r\nxxxx\r\n'
FORM = PART + b"--b--\r\n"
# A form that never ends is given up by us.
PATIENCE = 5.0


def head(*headers: str, site: str = "Sec-Fetch-Site: same-origin", host: str = "localhost") -> bytes:
    lines = ("POST /upload HTTP/1.1", f"Host: {host}", "Accept: application/json", site, *headers)
    return ("\r\n".join(line for line in lines if line) + "\r\n\r\n").encode()


def with_length(body: bytes, kind: str = TYPE, **more: str) -> bytes:
    return head(kind, f"Content-Length: {len(body)}", **more) + body


def forms() -> Iterator[tuple[str, bytes, set[str]]]:
    """A name, what is sent, and the answers that are right; "nothing" when the gallery waits or hangs up."""
    chunked = head(TYPE, "Transfer-Encoding: chunked")
    refused = {"400", "413", "nothing"}
    yield "a length that is too short", head(TYPE, "Content-Length: 20") + FORM, refused
    yield "a length that is too long", head(TYPE, "Content-Length: 100000") + FORM, refused
    yield "a negative length", head(TYPE, "Content-Length: -1") + FORM, refused
    yield "a length that is no number", head(TYPE, "Content-Length: many") + FORM, refused
    yield "two lengths", head(TYPE, "Content-Length: 5", f"Content-Length: {len(FORM)}") + FORM, refused
    yield "a length beyond the limit", head(TYPE, "Content-Length: 99999999999") + FORM, refused
    yield "chunks that never end", chunked + b"%x\r\n" % len(FORM) + FORM + b"\r\n", refused
    yield "a chunk of no size", chunked + b"size\r\n" + FORM, refused
    yield "10,000 parts", with_length(PART * 10_000 + b"--b--\r\n"), refused
    long_head = (
        b'--b\r\nContent-Disposition: form-data; name="file"; x="' + b"x" * (40 * MEGABYTE) + b'"\r\n\r\nx\r\n--b--\r\n'
    )
    yield "a part's head of 40 MB", with_length(long_head), refused
    yield "no boundary", with_length(FORM, "Content-Type: multipart/form-data"), refused
    yield "a part without an end", with_length(PART), refused
    yield (
        "40 MB of another type of form",
        with_length(b"file=a&" * 6_000_000, "Content-Type: application/x-www-form-urlencoded"),
        refused,
    )
    yield "another site", with_length(FORM, site="Sec-Fetch-Site: cross-site"), {"403"}
    yield "another origin", with_length(FORM, site="Origin: http://example.org"), {"403"}
    yield "another name of the host", with_length(FORM, host="example.org"), {"421"}


def answer(port: int, sent: bytes) -> str:
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        with suppress(OSError):
            connection.sendall(sent)
        try:
            first = connection.recv(4096)
        except OSError:
            first = b""
    return first.split(b" ", 2)[1].decode() if first.startswith(b"HTTP/") else "nothing"


@contextmanager
def stand() -> Iterator[Any]:
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Stand)
    server.chunks, server.patience, server.over, server.daemon_threads = [], 0.0, threading.Event(), True
    # Of uploads whose gallery was killed.
    server.handle_error = lambda *_: None
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()


def killed(gallery: Running, elasticsearch: Any, folder: Path) -> bool:
    """kill -9 while 8 uploads are in work."""

    def upload(_: int) -> None:
        with suppress(requests.RequestException):
            gallery.upload(os.urandom(4 * MEGABYTE))

    elasticsearch.patience, before = 60.0, len(elasticsearch.chunks)
    with ThreadPoolExecutor(8) as threads:
        jobs = [threads.submit(upload, number) for number in range(8)]
        while len(elasticsearch.chunks) < before + 8:
            time.sleep(0.02)
        gallery.process.kill()
        gallery.end()
        left = [path.name for path in folder.iterdir()]
        with socket.socket() as again:
            again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            again.bind(("127.0.0.1", gallery.port))
        for job in jobs:
            job.result()
    print(f"kill -9 while 8 uploads are in work: left in TMPDIR {left}, the port is free")
    return not left


def main() -> int:
    good = True
    with tempfile.TemporaryDirectory() as folder, stand() as elasticsearch:
        os.environ["TMPDIR"] = folder
        gallery = Running(elasticsearch.server_port)
        try:
            before = gallery.memory("VmRSS") >> 20
            for name, sent, expected in forms():
                status = answer(gallery.port, sent)
                right = status in expected and not elasticsearch.chunks
                good &= right
                print(f"{name}: {status}{'' if right else ', which is WRONG'}", flush=True)
            most = gallery.memory("VmHWM") >> 20
            status = answer(gallery.port, with_length(FORM))
            stored = len(elasticsearch.chunks)
            print(f"a good one then: {status}, {stored} stored; memory from {before} MB to {most} MB")
            good &= (status, stored) == ("200", 1)
            good &= killed(gallery, elasticsearch, Path(folder))
        finally:
            gallery.process.kill()
            gallery.end()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
