"""Programs that answer a node in the place of a service, or stand before one."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests

from tests.helpers.service import Service


@contextmanager
def liar(status: int, body: str) -> Iterator[str]:
    """A program that answers every request with the same; its address."""
    with program(lambda *_: (status, body)) as url:
        yield url


@contextmanager
def changing(service: Service, port: int, **fields: Any) -> Iterator[str]:
    """A program between node and service that listens on a port and changes fields of good answers; its address."""

    def answer(path: str, headers: dict[str, str], body: bytes) -> tuple[int, str]:
        passed = {name: value for name, value in headers.items() if name.lower() not in ("host", "connection")}
        given = requests.post(service.url + path, data=body, headers=passed, timeout=60)
        changed = given.json()
        if given.status_code == 200:
            changed["fields"] |= fields
        return given.status_code, json.dumps(changed)

    with program(answer, port) as url:
        yield url


@contextmanager
def program(answer: Callable[[str, dict[str, str], bytes], tuple[int, str]], port: int = 0) -> Iterator[str]:
    """A program that answers with status and text, from the path, the head and the body of a request; its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asked = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, body = answer(self.path, dict(self.headers), asked)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            # The next program may have the same port.
            self.send_header("Connection", "close")
            self.end_headers()
            # Whoever has heard enough hangs up.
            with suppress(ConnectionError):
                self.wfile.write(body.encode())

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
