"""The life of a node: kept data, refused second starts, a clean end, and an end when the parent is killed."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from elasticsearch import Elasticsearch

from embedded_node import EmbeddedNode, NodeError
from embedded_node.places import ROOT
from embedded_node.versions import versions
from tests.helpers.documented import the_block
from tests.helpers.processes import AS_BACKGROUND_JOB, alive, wait_until

OLDEST = versions()[-1].number


def quick(**options: object) -> EmbeddedNode:
    return EmbeddedNode(es_version=OLDEST, heap="512m", quick_start=True, **options)  # type: ignore[arg-type]


def test_data_survives_and_the_folder_is_taken_while_it_runs(open_folder: Path) -> None:
    folder = open_folder / "kept"
    with quick(data=folder) as node:
        pid, port = node.pid, int(node.url.rpartition(":")[2])
        with Elasticsearch(node.url, request_timeout=120) as client:
            client.index(index="things", id="1", document={"title": "kept"})
        with pytest.raises(NodeError, match=rf"kept is in use by another embedded node \(process {pid}\)"):
            quick(data=folder).start()
        with pytest.raises(NodeError, match=f"Port {port} on 127.0.0.1 is taken; .* another port"):
            quick(http_port=port).start()
    assert not alive(pid)
    assert "closed" in (folder / "node.log").read_text().splitlines()[-1]

    # The port it had is free again at once, and can be asked for.
    with quick(data=folder, http_port=port) as node:
        assert node.url == f"http://127.0.0.1:{port}"
        with Elasticsearch(node.url, request_timeout=120) as client:
            assert client.get(index="things", id="1")["_source"] == {"title": "kept"}


def test_the_program_of_the_page_starts_a_node_with_the_plugin(capfd: pytest.CaptureFixture[str]) -> None:
    """As docs/embedded-node.md prints it, with one question more within its `with`."""
    program = the_block("docs/embedded-node.md", "from ").text.rstrip()
    asked: list[dict[str, str]] = []
    names = {"ask": lambda url: asked.append(requests.get(url, timeout=60).json())}
    exec(f"{program}\n    ask(node.url)\n    ask(node.url + '/_nodes/plugins')\n", names)
    about, nodes = asked
    assert about["cluster_name"] == "pictures" and "ingest-image" in json.dumps(nodes)
    url, pid, log = capfd.readouterr().out.split()
    assert url.startswith("http://127.0.0.1:") and log.endswith(".log") and not alive(int(pid))


def test_a_throwaway_folder_is_gone_and_a_failure_shows_the_log() -> None:
    node = quick(settings={"no.such.setting": "1"})
    with pytest.raises(
        NodeError, match=r"did not start \(exit code 1\), its log ends:(?s:.*)unknown setting \[no\.such"
    ):
        node.start()
    with pytest.raises(AssertionError, match="not started"):
        _ = node.pid


def test_another_elasticsearch_holds_the_data(open_folder: Path) -> None:
    folder = open_folder / "foreign"
    (folder / "data").mkdir(parents=True)
    (folder / "embedded-node.lock").touch()
    with (folder / "data" / "node.lock").open("w") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        with pytest.raises(NodeError, match=r"Another Elasticsearch uses .*foreign/data \(node.lock\)"):
            quick(data=folder).start()


def run_command(folder: Path, *options: str) -> subprocess.Popen[str]:
    command = [
        *AS_BACKGROUND_JOB,
        sys.executable,
        "-m",
        "embedded_node",
        "--without-plugin",
        "--port",
        "0",
        "--heap",
        "512m",
        "--quick-start",
    ]
    command += ["--es-version", OLDEST, "--data", str(folder), *options]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize(("number", "said"), [(signal.SIGINT, "Stopped."), (signal.SIGKILL, "")])
def test_no_node_outlives_its_parent(open_folder: Path, number: signal.Signals, said: str) -> None:
    folder = open_folder / f"parent-{number.name}"
    with run_command(folder) as parent:
        assert parent.stdout and parent.stderr
        ready = parent.stdout.readline()
        assert ready.startswith(f"Elasticsearch {OLDEST} is ready on http://127.0.0.1:")
        port = int(ready.partition(",")[0].rpartition(":")[2])
        pid = int((folder / "embedded-node.lock").read_text())
        assert alive(pid)
        assert os.getsid(pid) == pid, "Ctrl-C in a terminal must reach the parent only"

        parent.send_signal(number)
        assert parent.wait(120) == (0 if said else -number)
        assert said in parent.stderr.read()
    wait_until(lambda: not alive(pid))
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_a_command_even_if_its_parent_ignored_them(number: signal.Signals) -> None:
    waits = "import time; from embedded_node.signals import end_on_signals; end_on_signals(); print(1, flush=True); time.sleep(60)"
    command = ["bash", "-c", "trap '' INT TERM; exec \"$@\"", "ignoring", sys.executable, "-c", waits]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout and process.stdout.readline()
        process.send_signal(number)
        assert process.stderr and b"KeyboardInterrupt" in process.stderr.read()
