"""The Dockerfiles, and the scripts in the images, run here against stand-ins."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.support import ROOT

from .conftest import program

DOCKERFILES = sorted((ROOT / "docker").glob("*/Dockerfile"))
SCRIPTS = ROOT / "docker" / "elasticsearch"
PASSWORD = 'pa"ss\\word'


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.parent.name)
def test_hadolint_finds_nothing(dockerfile: Path) -> None:
    linter = program("hadolint")
    if linter is None:
        pytest.skip("no hadolint on this platform")
    result = subprocess.run([linter, "--no-color", dockerfile], capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (0, "")


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.parent.name)
def test_bases_are_pinned_and_what_is_copied_is_let_through(dockerfile: Path) -> None:
    text = dockerfile.read_text()
    for image in re.findall(r"^FROM (\S+)", text, re.MULTILINE):
        assert re.search(r":[\w${}.-]+$", image), image
        assert not image.endswith(":latest")
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert ignored[1] == "*"
    for sources in re.findall(r"^COPY (?:--chmod=\d+ )?(.*) \S+$", text, re.MULTILINE):
        for source in sources.split():
            assert f"!{source.split('/')[0]}" in ignored, source


def test_the_service_does_not_run_as_root() -> None:
    assert re.findall(r"^USER (.*)$", (ROOT / "docker/service/Dockerfile").read_text(), re.MULTILINE) == ["10001:10001"]


def test_make_env_makes_secrets_once(env_file: Path) -> None:
    assert env_file.stat().st_mode & 0o077 == 0
    first = env_file.read_text()
    secrets = re.findall(
        r"^(?:ELASTIC_PASSWORD|KIBANA_PASSWORD|KIBANA_ENCRYPTION_KEY|INGEST_IMAGE_TOKEN)=(.*)$", first, re.M
    )
    assert len(set(secrets)) == 4
    assert all(re.fullmatch(r"[A-Za-z0-9]{40}", secret) for secret in secrets)
    subprocess.run([ROOT / "docker" / "make-env", env_file.parent], check=True, capture_output=True)
    assert env_file.read_text() == first


def test_the_node_s_token_goes_from_the_secret_into_the_keystore(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "config").mkdir()
    keystore = tmp_path / "bin" / "elasticsearch-keystore"
    keystore.write_text(f'#!/bin/sh\necho "$*" >>{tmp_path}/calls\n[ "$1" = add ] && cat >{tmp_path}/token\nexit 0\n')
    entry = tmp_path / "entry"
    entry.write_text('#!/bin/sh\necho "started $*"\n')
    for script in (keystore, entry):
        script.chmod(0o755)
    (tmp_path / "secret").write_text("s3cret")
    env = {
        "PATH": "/usr/bin:/bin",
        "ES_HOME": str(tmp_path),
        "ES_ENTRYPOINT": str(entry),
        "INGEST_IMAGE_TOKEN_FILE": str(tmp_path / "secret"),
    }
    result = subprocess.run([SCRIPTS / "start-with-token", "eswrapper"], env=env, capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (0, "started eswrapper\n")
    assert (tmp_path / "token").read_text() == "s3cret"
    assert (tmp_path / "calls").read_text().splitlines() == [
        "create --silent",
        "add --stdin --force ingest.image.token",
    ]
    assert "s3cret" not in result.stdout + result.stderr


class _Node(BaseHTTPRequestHandler):
    """Answers with the next status of its list, and keeps what came."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server: Any = self.server
        server.seen.append((self.path, self.headers["Authorization"], self.headers["Content-Type"], json.loads(body)))
        self.send_response(server.statuses.pop(0))
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def node(*statuses: int) -> Iterator[Any]:
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), _Node)
    server.statuses, server.seen = list(statuses), []
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def set_kibana_password(port: int) -> subprocess.CompletedProcess[str]:
    env = {
        "PATH": "/usr/bin:/bin",
        "ELASTICSEARCH_URL": f"http://127.0.0.1:{port}",
        "ELASTIC_PASSWORD": PASSWORD,
        "KIBANA_PASSWORD": PASSWORD + "2",
        "PAUSE": "0.05",
        "TRIES": "3",
    }
    return subprocess.run([SCRIPTS / "set-kibana-password"], env=env, capture_output=True, text=True, timeout=60)


def test_kibana_s_password_is_set_also_when_the_first_answer_is_no() -> None:
    with node(503, 200) as server:
        result = set_kibana_password(server.server_port)
    assert result.returncode == 0, result.stderr
    authorization = "Basic " + base64.b64encode(f"elastic:{PASSWORD}".encode()).decode()
    path = "/_security/user/kibana_system/_password"
    assert server.seen == [(path, authorization, "application/json", {"password": PASSWORD + "2"})] * 2


@pytest.mark.parametrize(("status", "says"), [(401, "counts only for a new data volume"), (400, "six characters")])
def test_a_refusal_is_explained_at_once(status: int, says: str) -> None:
    with node(status) as server:
        result = set_kibana_password(server.server_port)
    assert result.returncode == 1
    assert says in result.stderr
    assert PASSWORD not in result.stdout + result.stderr


def test_a_node_that_never_answers_is_given_up() -> None:
    with node(503, 503, 503) as server:
        result = set_kibana_password(server.server_port)
    assert result.returncode == 1
    assert "last status: 503" in result.stderr
