"""Programs that answer a node in the place of a service, or stand before one."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests

from processor_service.web.callers.proofs import HEADER as PROOF
from tests.helpers.service import Service

Answer = Callable[[str, dict[str, str], bytes], tuple[int, str] | tuple[int, str, str]]


@contextmanager
def liar(status: int, body: str) -> Iterator[str]:
    """A program that answers every request with the same; its address."""
    with program(lambda *_: (status, body)) as url:
        yield url


@contextmanager
def changing(service: Service, port: int, **fields: Any) -> Iterator[str]:
    """A program between node and service that listens on a port and changes fields of good answers; its address.

    It hands on the proof, which is one of what it has not changed.
    """

    def answer(path: str, headers: dict[str, str], body: bytes) -> tuple[int, str, str]:
        passed = {name: value for name, value in headers.items() if name.lower() not in ("host", "connection")}
        given = requests.post(service.url + path, data=body, headers=passed, timeout=60)
        text = given.text
        if given.status_code == 200 and fields:
            text = json.dumps({"fields": given.json()["fields"] | fields})
        return given.status_code, text, given.headers.get(PROOF, "")

    with program(answer, port) as url:
        yield url


@contextmanager
def program(answer: Answer, port: int = 0) -> Iterator[str]:
    """A program that answers with status and text, from the path, the head and the body of a request; its address.

    A third value is the proof that it says there is.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asked = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, text, *proof = answer(self.path, dict(self.headers), asked)
            body = text.encode()
            self.send_response(status)
            for said in filter(None, proof):
                self.send_header(PROOF, said)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            # The next program may have the same port.
            self.send_header("Connection", "close")
            self.end_headers()
            # Whoever has heard enough hangs up.
            with suppress(ConnectionError):
                self.wfile.write(body)

        do_GET = do_POST

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
