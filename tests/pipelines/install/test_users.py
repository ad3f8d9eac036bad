"""`ingest-image users` against a stand-in, as the embedded node has no security: the requests, again and again, and refusals."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pipelines.install import users as module
from pipelines.install.roles import ROLES
from pipelines.install.users import users

PASSWORD = 'pa"ss\\word'
ENVIRONMENT = {"KIBANA_SYSTEM_PASSWORD": PASSWORD, "MY_GALLERY_PASSWORD": "secret-2"}


class Node(BaseHTTPRequestHandler):
    """Answers with the statuses of its list, then 200, and keeps what came."""

    def do_PUT(self) -> None:
        server: Any = self.server
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server.seen.append((self.path, body))
        status = server.statuses.pop(0) if server.statuses else 200
        self.send_response(status)
        self.send_header("X-Elastic-Product", "Elasticsearch")
        self.send_header("Content-Type", "application/json")
        answer = b"{}" if status == 200 else b'{"error": {"reason": "passwords must be longer"}}'
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def node(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(module, "_PAUSE", 0.01)
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Node)
    server.statuses, server.seen = [], []
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def run(node: Any, *arguments: str) -> Result:
    connection = ["--url", f"http://127.0.0.1:{node.server_port}", "--username", "elastic", "--password", "x"]
    result = CliRunner().invoke(users, [*connection, *arguments], env=ENVIRONMENT)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert PASSWORD not in result.output
    return result


def test_programs_read_what_was_written(node: Any) -> None:
    result = run(node, "kibana_system", "my-gallery=searcher,writer", "--json")
    assert json.loads(result.output) == {
        "roles": ["ingest-image-searcher", "ingest-image-writer"],
        "users": [
            {"name": "kibana_system", "roles": []},
            {"name": "my-gallery", "roles": ["ingest-image-searcher", "ingest-image-writer"]},
        ],
    }


def test_roles_then_users(node: Any) -> None:
    result = run(node, "kibana_system", "my-gallery=searcher,writer", "--index-pattern", "photos*")
    assert result.exit_code == 0, result.output
    assert result.output.splitlines() == [
        "written: role ingest-image-searcher",
        "written: role ingest-image-writer",
        "written: user kibana_system, its password",
        "written: user my-gallery (searcher, writer)",
    ]
    by_name = {role.name: role.body(["photos*"]) for role in ROLES}
    roles = ["ingest-image-searcher", "ingest-image-writer"]
    assert node.seen == [
        *((f"/_security/role/{name}", by_name[name]) for name in roles),
        ("/_security/user/kibana_system/_password", {"password": PASSWORD}),
        ("/_security/user/my-gallery", {"password": "secret-2", "roles": roles}),
    ]


def test_the_indices_of_the_template_are_the_default(node: Any) -> None:
    run(node, "my-gallery=searcher")
    assert node.seen[0][1]["indices"][0]["names"] == ["images*"]


def test_a_node_that_is_not_ready_is_asked_again(node: Any) -> None:
    node.statuses = [503, 500]
    assert run(node, "kibana_system").exit_code == 0
    assert len(node.seen) == 3


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (401, "counts only for a new data volume"),
        (400, "refuses /_security/user/kibana_system/_password: passwords must be longer"),
        (403, "the user does not have a privilege"),
    ],
)
def test_a_refusal_is_explained_at_once(node: Any, status: int, says: str) -> None:
    node.statuses = [status]
    result = run(node, "kibana_system")
    assert (result.exit_code, len(node.seen)) == (1, 1)
    # Long lines are not folded.
    assert says in result.output


def test_one_that_is_never_ready_is_given_up(node: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_TRIES", 3)
    node.statuses = [503] * 9
    result = run(node, "kibana_system")
    assert (result.exit_code, len(node.seen)) == (1, 3)
    assert "503" in result.output


@pytest.mark.parametrize(
    ("argument", "says"),
    [("my-gallery=reader", "there is no role reader; there are writer, searcher"), ("other", "set OTHER_PASSWORD")],
)
def test_wrong_options_send_nothing(node: Any, argument: str, says: str) -> None:
    result = run(node, "kibana_system", argument)
    assert result.exit_code == 2
    assert says in " ".join(result.output.split())
    assert node.seen == []
