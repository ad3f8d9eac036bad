"""What every command says when there is no Elasticsearch, or when that refuses its user."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ingest_image.enrich import follow
from pipelines.install import users
from tests.helpers.commands import run, that_connect

REFUSAL = b'{"error": {"type": "security_exception", "reason": "unable to authenticate user [ann]"}, "status": 401}'
commands = pytest.mark.parametrize("words", that_connect(), ids=" ".join)


@pytest.fixture(scope="module")
def refusing() -> Iterator[str]:
    """What Elasticsearch answers to a wrong password."""

    class Refusing(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(401)
            self.send_header("X-Elastic-Product", "Elasticsearch")
            self.send_header("WWW-Authenticate", 'Basic realm="security", charset="UTF-8"')
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(REFUSAL)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(REFUSAL)

        do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = answer

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@commands
def test_a_refused_password_is_told(
    words: tuple[str, ...], refusing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ELASTICSEARCH_USERNAME", "ann")
    monkeypatch.setenv("ELASTICSEARCH_PASSWORD", "guessed")
    result = run(words, refusing, tmp_path, monkeypatch)
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == (2 if words == ("doctor",) else 1), result.output
    assert "refuses" in result.output and "password" in result.output and "guessed" not in result.output


@commands
def test_an_elasticsearch_that_is_not_there_is_told(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # `users` waits for a node that is just starting.
    monkeypatch.setattr(users, "_PAUSE", 0)
    # `enrich` waits for it, too; a single run not for ever.
    monkeypatch.setattr(follow, "_PATIENCE", 0)
    result = run(words, "http://127.0.0.1:9", tmp_path, monkeypatch)
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == (2 if words == ("doctor",) else 1), result.output
    assert "Elasticsearch does not answer at http://127.0.0.1:9" in result.output
