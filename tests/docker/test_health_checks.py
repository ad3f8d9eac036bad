"""The health checks of Compose, run here against stand-ins that are well, starting, or gone."""

from __future__ import annotations

import base64
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

PASSWORD = "elastic-password"
PORTS = {"elasticsearch": 9200, "kibana": 5601, "service": 8093, "gallery": 8091, "enricher": 8094}
# What a healthy one answers, and what one that is starting.
WELL = {"elasticsearch": 200, "kibana": 302, "service": 200, "gallery": 200, "enricher": 200}
STARTING = {"elasticsearch": 408, "kibana": 503, "service": 503, "gallery": 500, "enricher": 500}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        server: Any = self.server
        server.seen.append((self.command, self.path, self.headers["Authorization"]))
        self.send_response(server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def stand_in() -> Iterator[Any]:
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.seen = []
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def is_healthy(test: list[str], name: str, port: int) -> bool:
    kind, *command = (part.replace(f":{PORTS[name]}", f":{port}").replace("$$", "$") for part in test)
    if kind == "CMD-SHELL":
        command = ["/bin/sh", "-c", *command]
    elif command[0] == "python":
        command[0] = sys.executable
    env = {"PATH": "/usr/bin:/bin", "ELASTIC_PASSWORD": PASSWORD}
    return subprocess.run(command, env=env, capture_output=True, timeout=120).returncode == 0


@pytest.mark.parametrize("name", list(PORTS))
def test_health_checks_tell_the_three_apart(stack: dict[str, Any], stand_in: Any, name: str) -> None:
    test = stack[name]["healthcheck"]["test"]
    assert f":{PORTS[name]}" in test[-1]
    stand_in.status = WELL[name]
    assert is_healthy(test, name, stand_in.server_port)
    if name == "elasticsearch":
        authorization = "Basic " + base64.b64encode(f"elastic:{PASSWORD}".encode()).decode()
        assert stand_in.seen == [("GET", "/_cluster/health?wait_for_status=yellow&timeout=5s", authorization)]
        stand_in.status = 401
        assert not is_healthy(test, name, stand_in.server_port)
    stand_in.status = STARTING[name]
    assert not is_healthy(test, name, stand_in.server_port)
    assert not is_healthy(test, name, 1)
