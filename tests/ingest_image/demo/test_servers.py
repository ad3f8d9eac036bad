"""The demo's own servers: a port that somebody has, a server that ends."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from unittest.mock import Mock

import click
import pytest
import requests
from click.testing import CliRunner
from rich.console import Console

from embedded_node import NodeError
from ingest_image.demo import command, servers
from ingest_image.demo.servers import ChildServer, child, child_server
from ingest_image.loopback import without_proxy


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


@pytest.fixture
def ours(tmp_path: Path, stranger: str) -> Iterator[ChildServer]:
    """A server of ours that runs, at the address of one that answers."""
    (tmp_path / "serve.log").write_text("starting\nloading models\n")
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as process:
        yield ChildServer("serve", tmp_path / "serve.log", process, stranger)
        process.kill()


def test_a_server_that_is_never_ready_is_not_waited_for_for_ever(ours: ChildServer) -> None:
    nobody = ChildServer(ours.command, ours.log_file, ours.process, "http://127.0.0.1:1")
    with pytest.raises(click.ClickException, match=r"runs, but /readyz is not ready after .* ends: loading models"):
        nobody.wait_for("/readyz", minutes=0)


@pytest.fixture
def proxied(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that answers nobody."""
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("proxied")
def test_no_proxy_is_asked_for_what_runs_on_this_machine(ours: ChildServer) -> None:
    ours.wait_for("/readyz", minutes=0)
    # Addresses that users give go as the environment says.
    with pytest.raises(requests.exceptions.ProxyError):
        requests.get(ours.url, timeout=60)


@pytest.mark.usefixtures("proxied")
@pytest.mark.parametrize("present", ["", "example.org", "*"])
def test_our_commands_ask_each_other_without_a_proxy(
    present: str, ours: ChildServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NO_PROXY", present)
    # As `bootstrap` asks the service of the demo.
    program = "import requests, sys; requests.get(sys.argv[1], timeout=60).raise_for_status(); print('answered')"
    monkeypatch.setattr(servers, "our_program", lambda *_: [sys.executable, "-c", program, ours.url])
    with child(tmp_path, "asking") as asking:
        asking.process.wait(120)
        assert asking.log_file.read_text() == "answered\n"
    variables = without_proxy()
    assert present == "*" or variables["NO_PROXY"].split(",")[0] == (present or "127.0.0.1")


def test_the_cluster_and_the_kibana_of_the_user_are_not_those_of_the_demo(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whose objects the demo's `bootstrap` would overwrite, and who would get the credentials."""
    for name in ("ELASTICSEARCH_URL", "ELASTICSEARCH_API_KEY", "ELASTICSEARCH_USERNAME", "KIBANA_URL"):
        monkeypatch.setenv(name, "of the user")
    program = "import os; print([name for name in os.environ if name.startswith(('ELASTICSEARCH_', 'KIBANA_'))])"
    for module in (servers, command):
        monkeypatch.setattr(module, "our_program", lambda *_: [sys.executable, "-c", program])
    with child(tmp_path, "asking") as asking:
        asking.process.wait(120)
        assert asking.log_file.read_text() == "[]\n"
    command._run("bootstrap")
    assert capfd.readouterr().out == "[]\n"


def test_a_port_that_the_gallery_cannot_have_is_told_before_anything_is_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(command, "child_server", Mock(side_effect=AssertionError("something was started")))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = CliRunner().invoke(command.demo, ["--gallery-port", str(port), "--data", str(tmp_path)])
    assert told.exit_code == 1 and f"Port {port} on 127.0.0.1 is taken" in told.output, told


def test_a_service_that_ends_while_pictures_are_enriched_is_told(
    ours: ChildServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(command, "some_wait", lambda url: True)
    ended = subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"])
    ended.wait()
    service = ChildServer("serve", ours.log_file, ended, ours.url)
    with pytest.raises(click.ClickException, match=r"serve' ended \(exit code 3\)"):
        command.wait_until_enriched("http://127.0.0.1:1", Console(), ours, service, minutes=0)


def test_pictures_that_are_never_enriched_are_not_waited_for_for_ever(
    ours: ChildServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "some_wait", lambda url: True)
    console = Console(record=True, soft_wrap=True)
    command.wait_until_enriched("http://127.0.0.1:1", console, ours, ours, minutes=0)
    assert f"Some pictures still wait for what is seen in them; the enricher's log: {ours.log_file}" in (
        console.export_text()
    )
