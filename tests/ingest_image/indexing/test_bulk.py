"""The sender against a scripted Elasticsearch, for answers that a real one gives only under load."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from ingest_image.files import PictureFile, find
from ingest_image.indexing.bulk import Sender, _Turns
from pipelines.cluster.bulks import BulkStopped
from pipelines.cluster.client import connect


class Script:
    """What `_bulk` answers: for each request a status for all, or one status per document; then 201."""

    def __init__(self) -> None:
        self.bulks: list[tuple[str, list[str], int]] = []
        self.answers: list[int | list[int]] = []
        self.existing: set[str] = set()
        self.stored: dict[str, dict[str, Any]] = {}
        self.reasons: dict[int, str] = {}

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, dict[str, Any]]:
        if path.startswith("/_bulk"):
            return self._bulk(path, [json.loads(line) for line in body.splitlines()])
        if path.startswith("/_mget"):
            docs = json.loads(body)["docs"]
            return 200, {
                "docs": [{"_source": {"image": self.stored.get(d["_id"], {"sha256": "ab" * 32})}} for d in docs]
            }
        return (200 if path.rsplit("/", 1)[1] in self.existing else 404), {}

    def _bulk(self, path: str, lines: list[dict[str, Any]]) -> tuple[int, dict[str, Any]]:
        actions = [line["index"] for line in lines[::2]]
        self.bulks.append((path, [document["file_name"] for document in lines[1::2]], sum(map(len, map(str, lines)))))
        statuses = self.answers.pop(0) if self.answers else 201
        if isinstance(statuses, int):
            if statuses != 201:
                return statuses, {"error": {"type": "es_rejected", "reason": "whole bulk"}, "status": statuses}
            statuses = [201] * len(actions)
        items = []
        for number, (action, status) in enumerate(zip(actions, statuses, strict=True)):
            item = {"_index": action["_index"], "_id": action.get("_id", f"auto{number}"), "status": status}
            if status != 201:
                item["error"] = {
                    "type": "t",
                    "reason": "outer",
                    "caused_by": {"type": "t", "reason": self.reasons.get(status, f"why {status}")},
                }
            items.append({"index": item})
        return 200, {"errors": True, "items": items}


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def client(script: Script) -> Iterator[Elasticsearch]:
    class Handler(BaseHTTPRequestHandler):
        def respond(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, answer = script.answer(self.command, self.path, body)
            payload = b"" if self.command == "HEAD" else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("X-Elastic-Product", "Elasticsearch")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        do_GET = do_PUT = do_POST = do_HEAD = respond

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    with connect(f"http://127.0.0.1:{server.server_port}") as client:
        yield client
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def files(tmp_path: Path) -> list[PictureFile]:
    for number in range(3):
        (tmp_path / f"{number}.png").write_bytes(bytes(900) + bytes([number]))
    return find([tmp_path]).files


def sender(client: Elasticsearch, **options: Any) -> Sender:
    return Sender(client, "images", initial_backoff=0.01, **{"concurrency": 1} | options)


def test_all_well(client: Elasticsearch, script: Script, files: list[PictureFile]) -> None:
    ticks = []
    report = sender(client, pipeline="images", tick=lambda: ticks.append(1)).send(files)
    assert (report.indexed, report.failed, report.unprocessed, report.errors) == (3, [], 0, {})
    assert script.bulks[0][:2] == ("/_bulk?pipeline=images", ["0.png", "1.png", "2.png"])
    assert len(ticks) == 3


def test_bulks_are_cut_by_bytes_and_a_large_file_goes_alone(
    client: Elasticsearch, script: Script, files: list[PictureFile]
) -> None:
    files[1].path.write_bytes(bytes(20_000))
    sender(client, max_bulk_bytes=3_000).send(files)
    assert [names for _, names, _ in script.bulks] == [["0.png"], ["1.png"], ["2.png"]]
    script.bulks.clear()
    sender(client, max_bulk_bytes=40_000).send(files)
    assert [names for _, names, _ in script.bulks] == [["0.png", "1.png", "2.png"]]


def test_only_what_was_busy_is_sent_again(client: Elasticsearch, script: Script, files: list[PictureFile]) -> None:
    script.answers = [[201, 429, 503], [201, 429]]
    report = sender(client).send(files)
    assert [names for _, names, _ in script.bulks] == [["0.png", "1.png", "2.png"], ["1.png", "2.png"], ["2.png"]]
    assert (report.indexed, report.failed) == (3, [])


def test_who_is_waited_for_is_told(client: Elasticsearch, script: Script, files: list[PictureFile]) -> None:
    script.reasons[503] = "[service_unavailable] nothing answers"
    script.answers = [[201, 503, 201], 429]
    told: list[tuple[str, str]] = []
    sender(client, tell=lambda *what: told.append(what)).send(files)
    assert told == [
        ("the processor service", "[service_unavailable] nothing answers"),
        ("Elasticsearch", "whole bulk"),
    ]


def test_who_is_waited_for_is_told_also_when_another_thread_has_stopped(
    client: Elasticsearch, script: Script, files: list[PictureFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Up to a minute, until the program ends."""
    turns, told, answer = _Turns(files), list[str](), script.answer

    def stopped_meanwhile(*request: Any) -> tuple[int, dict[str, Any]]:
        turns.stopped = True
        return answer(*request)

    monkeypatch.setattr(script, "answer", stopped_meanwhile)
    script.answers = [429]
    sender(client, tell=lambda whom, why: told.append(whom))._send(turns)
    assert told == ["Elasticsearch"] and len(script.bulks) == 2


def test_a_whole_bulk_that_was_refused_as_too_much_is_sent_again(
    client: Elasticsearch, script: Script, files: list[PictureFile]
) -> None:
    script.answers = [429, 429]
    assert sender(client).send(files).indexed == 3
    assert len(script.bulks) == 3


def test_a_picture_at_fault_is_not_sent_again_and_named_with_the_innermost_reason(
    client: Elasticsearch, script: Script, files: list[PictureFile]
) -> None:
    script.answers = [[201, 400, 201]]
    report = sender(client).send(files)
    assert len(script.bulks) == 1
    assert report.indexed == 2
    assert report.failed == [("1.png", "400 why 400")]


def test_busy_to_the_end_is_a_failure(client: Elasticsearch, script: Script, files: list[PictureFile]) -> None:
    script.answers = [[201, 429, 201], [429], [429]]
    report = sender(client, max_retries=2).send(files)
    assert report.failed == [("1.png", "429 why 429")]


@pytest.mark.parametrize("status", [503, 401, 403])
def test_what_would_fail_for_all_stops(
    client: Elasticsearch, script: Script, files: list[PictureFile], status: int
) -> None:
    script.answers = [status] * 3
    sending = sender(client, max_retries=2, max_bulk_bytes=1000)
    with pytest.raises(BulkStopped, match=f"0.png: {status} whole bulk"):
        sending.send(files)
    assert len(script.bulks) == (3 if status == 503 else 1)
    assert sending.report.indexed == 0


def test_too_big_and_unreadable_files_are_reported_and_not_sent(
    client: Elasticsearch, script: Script, files: list[PictureFile], tmp_path: Path
) -> None:
    files[0].path.write_bytes(bytes(5000))
    files[1].path.unlink()
    report = sender(client, max_file_bytes=1000).send(files)
    assert report.failed == [
        ("0.png", "has 5000 bytes, more than 1000 (--max-file-bytes); not sent"),
        ("1.png", "cannot be read: No such file or directory; not sent"),
    ]
    assert script.bulks[0][1] == ["2.png"]


def test_existing_documents_are_skipped_when_told(
    client: Elasticsearch, script: Script, files: list[PictureFile]
) -> None:
    sending = sender(client, skip_existing=True)
    script.existing = {action["_id"] for action in sender(client)._actions(files[:2])}
    report = sending.send(files)
    assert (report.existing, report.indexed) == (2, 1)
    assert script.bulks[0][1] == ["2.png"]


def test_errors_are_counted_by_code_and_unprocessed_pictures_are_noticed(
    client: Elasticsearch, script: Script, files: list[PictureFile]
) -> None:
    ids = [action["_id"] for action in sender(client)._actions(files)]
    script.stored = {ids[0]: {"error": {"code": "not_an_image"}}, ids[1]: {"data": "as it was"}}
    report = sender(client).send(files)
    assert (report.indexed, report.errors, report.unprocessed) == (3, {"not_an_image": 1}, 1)


def test_ids(client: Elasticsearch, files: list[PictureFile]) -> None:
    files[1].path.write_bytes(files[0].path.read_bytes())
    by_path = [action["_id"] for action in sender(client)._actions(files)]
    by_content = [action["_id"] for action in sender(client, id_kind="hash")._actions(files)]
    assert len(set(by_path)) == 3
    assert len(set(by_content)) == 2
    chosen = [[action["_id"] for action in sender(client, id_kind="auto")._actions(files)] for _ in range(2)]
    assert len({*chosen[0], *chosen[1]}) == 6


def test_a_failure_is_named_even_when_ids_are_new_each_time(
    client: Elasticsearch, script: Script, files: list[PictureFile]
) -> None:
    script.answers = [[201, 400, 201]]
    assert sender(client, id_kind="auto").send(files).failed[0][0] == "1.png"


def test_several_requests_at_the_same_time_send_each_file_once(
    client: Elasticsearch, script: Script, tmp_path: Path
) -> None:
    for number in range(40):
        (tmp_path / f"many{number}.png").write_bytes(bytes(900) + bytes([number]))
    ticks = []
    report = sender(client, concurrency=4, max_bulk_bytes=5_000, tick=lambda: ticks.append(1)).send(
        find([tmp_path]).files
    )
    assert (report.indexed, report.failed, len(ticks)) == (40, [], 40)
    sent = [name for _, names, _ in script.bulks for name in names]
    assert len(sent) == len(set(sent)) == 40


def test_one_thread_that_stops_stops_all(client: Elasticsearch, script: Script, tmp_path: Path) -> None:
    for number in range(40):
        (tmp_path / f"many{number}.png").write_bytes(bytes(900) + bytes([number]))
    script.answers = [403] * 4
    with pytest.raises(BulkStopped):
        sender(client, concurrency=4, max_bulk_bytes=1_000).send(find([tmp_path]).files)
    assert len(script.bulks) < 40
