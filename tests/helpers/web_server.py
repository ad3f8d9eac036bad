"""A real web server on loopback that behaves as strangers do."""

from __future__ import annotations

import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

Behaviour = Callable[["Request"], None]


class Request(BaseHTTPRequestHandler):
    """One request; what becomes of it is said by the server's `paths`."""

    protocol_version = "HTTP/1.1"
    server: Stranger

    def do_GET(self) -> None:
        self.server.asked.append((self.path, dict(self.headers)))
        self.close_connection = True
        behaviour = self.server.paths.get(self.path.partition("?")[0])
        try:
            if behaviour is None:
                self.send_error(404)
            else:
                behaviour(self)
        except OSError:
            pass  # Whoever asked has gone: that is what most tests want.

    def answer(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


class Stranger(ThreadingHTTPServer):
    """`paths` says what is answered, `asked` what was asked (path, headers)."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, host: str = "127.0.0.1") -> None:
        super().__init__((host, 0), Request)
        self.paths: dict[str, Behaviour] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def handle_error(self, request: object, client_address: object) -> None:
        pass


@contextmanager
def stranger(paths: dict[str, Behaviour] | None = None, tls: ssl.SSLContext | None = None) -> Iterator[Stranger]:
    server = Stranger()
    server.paths.update(paths or {})
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def certificate_of(name: str, folder: Path) -> Path:
    """A certificate (PEM) of a host, signed by itself; its key lies beside it, with `.key` at the end."""
    path = folder / f"{name}.pem"
    request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}"]
    files = ["-addext", f"subjectAltName=DNS:{name}", "-keyout", f"{path}.key", "-out", str(path)]
    subprocess.run(["openssl", *request, *files], check=True, capture_output=True)
    return path


def gives(body: bytes, status: int = 200, **headers: str) -> Behaviour:
    return lambda request: request.answer(body, status, **headers)


def redirects(to: str, status: int = 302) -> Behaviour:
    return lambda request: request.answer(b"", status, Location=to)


def raw(*parts: bytes, pause: float = 0, then: Callable[[], bool] = lambda: False) -> Behaviour:
    """The parts as they are, with pauses between them; the last again and again while `then()` says so."""

    def behave(request: Request) -> None:
        for part in parts:
            request.wfile.write(part)
            request.wfile.flush()
            time.sleep(pause)
        while then():
            request.wfile.write(parts[-1])
            request.wfile.flush()
            time.sleep(pause)

    return behave
