"""The demo's own servers: a port that somebody has, a server that ends."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import click
import pytest

from embedded_node import NodeError
from ingest_image.demo.servers import ChildServer, child_server


@pytest.fixture
def stranger() -> Iterator[str]:
    """The address of another server, which answers everything with 200."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_port_that_somebody_has_is_refused_before_anything_is_started(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(NodeError, match=f"Port {port} .* is taken"), child_server(tmp_path, "serve", port):
            raise AssertionError("it was taken for ours")
    assert not list(tmp_path.iterdir())


def test_the_answer_of_another_server_is_not_taken_for_that_of_ours(tmp_path: Path, stranger: str) -> None:
    log = tmp_path / "serve.log"
    log.write_text("starting\nthe port is taken\n")
    ours = subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"])
    ours.wait()
    server = ChildServer("serve", log, ours, stranger)
    with pytest.raises(click.ClickException, match=r"serve' ended \(exit code 3\), its log .* ends: the port is taken"):
        server.wait_for("/readyz")
