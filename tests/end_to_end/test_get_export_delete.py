"""`ingest-image get`, `export` and `delete`, on a real node."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from elasticsearch import Elasticsearch

from ingest_image.delete_command import delete
from ingest_image.export import command as export_command
from ingest_image.export.command import export
from ingest_image.export.get_command import get
from ingest_image.search.pages import Snapshot
from tests.helpers.pictures import b64, encoded, opened, picture

Run = Callable[..., Result]


@pytest.fixture
def pictures(es: Elasticsearch, index: str) -> str:
    """An index with two files of one name, a list of two pictures, and a document without a picture."""
    data = b64(picture("pillow/hopper.jpg"))
    png = b64(encoded(opened(picture("pillow/hopper.jpg")).crop((0, 0, 20, 20)), "PNG"))
    documents: dict[str, dict[str, Any]] = {
        "a": {"file_path": "harbour/boat.jpg", "image": {"data": data}},
        "b": {"file_path": "../harbour/Boat.jpg", "image": {"data": png}},
        "list": {"title": "Two", "image": [{"data": data}, {"data": png}]},
        "none": {"title": "no picture"},
    }
    for id, document in documents.items():
        es.index(index=index, id=id, document=document)
    es.indices.refresh(index=index)
    return index


@pytest.fixture
def run(es_url: str, pictures: str) -> Run:
    def run(command: click.Command, *arguments: str | Path, answer: str = "") -> Result:
        options = ["--url", es_url, "--index", pictures, *map(str, arguments)]
        return CliRunner().invoke(command, options, input=answer)

    return run


def test_get(run: Run, es: Elasticsearch, pictures: str) -> None:
    stored = es.get(index=pictures, id="list")["_source"]["image"]
    assert b64(run(get, "list").stdout_bytes) == stored[0]["data"]
    assert b64(run(get, "list", "--number", "2").stdout_bytes) == stored[1]["data"]
    for arguments, says in {
        ("list", "--number", "3"): "the document list has 2 pictures",
        ("missing",): f"there is no document missing in {pictures}\n",
        ("none",): "the document none has 0 pictures",
        ("a", "--index", "missing"): "there is no index missing",
    }.items():
        result = run(get, *arguments)
        assert (result.exit_code, result.stdout_bytes) == (1, b"") and says in result.stderr


def test_export_is_continued_and_follows_changes(run: Run, es: Elasticsearch, pictures: str, tmp_path: Path) -> None:
    def exported(*arguments: str) -> dict[str, object]:
        return dict(json.loads(run(export, tmp_path, "--json", *arguments).stdout))

    assert exported("--query", "title:two") == {"written": 2, "there": 0, "without_picture": 0, "failed": []}
    assert exported() == {"written": 2, "there": 2, "without_picture": 1, "failed": []}
    files = {path.relative_to(tmp_path).as_posix(): path.read_bytes() for path in tmp_path.rglob("[!.]*.*")}
    assert sorted(files) == ["Two-2.jpg", "Two.jpg", "harbour/Boat-2.jpg", "harbour/boat.jpg"]
    for id, name in {"a": "harbour/boat.jpg", "b": "harbour/Boat-2.jpg"}.items():
        assert b64(files[name]) == es.get(index=pictures, id=id)["_source"]["image"]["data"]
    (tmp_path / "Two.jpg").unlink()
    es.update(index=pictures, id="a", doc={"image": {"operations": [{"rotate": {"degrees": 90}}]}}, refresh=True)
    assert exported() == {"written": 2, "there": 2, "without_picture": 1, "failed": []}
    assert (tmp_path / "harbour/boat.jpg").read_bytes() != files["harbour/boat.jpg"]
    assert (tmp_path / "Two.jpg").read_bytes() == files["Two.jpg"]


def test_a_refused_picture_that_is_stored_is_written_once(
    run: Run, es: Elasticsearch, pictures: str, tmp_path: Path
) -> None:
    cut = b64(picture("pillow/hopper.jpg")[:-2000])
    es.index(index=pictures, id="cut", document={"title": "Cut", "image": {"data": cut}}, refresh=True)
    assert "sha256" not in es.get(index=pictures, id="cut")["_source"]["image"]
    first, second = (json.loads(run(export, tmp_path, "--json").stdout) for _ in range(2))
    assert (first["written"], second["written"], second["there"]) == (5, 0, 5)


def test_delete_only_says_what_it_would_do_until_it_is_told_to(run: Run, es: Elasticsearch, pictures: str) -> None:
    def left() -> int:
        es.indices.refresh(index=pictures)
        return int(es.count(index=pictures)["count"])

    dry = run(delete, "--query", "_exists_:image.sha256")
    assert (dry.exit_code, left()) == (0, 4)
    assert dry.output.splitlines()[-1] == "3 documents would be deleted; --delete does it"
    assert f"{pictures}/a  a  harbour/boat.jpg" in dry.output
    refused = run(delete, "--query", "_exists_:image.sha256", "--delete", answer="n\n")
    assert (refused.exit_code, left()) == (1, 4)
    assert (
        "3 of 3 documents deleted" in run(delete, "--query", "_exists_:image.sha256", "--delete", answer="y\n").output
    )
    assert left() == 1
    said = json.loads(run(delete, "--query", "*", "--delete", "--yes", "--json").stdout)
    assert said == {"documents": 1, "deleted": 1, "changed": 0, "failed": []} and left() == 0


def test_an_export_of_a_slow_store_goes_on_when_its_point_in_time_has_expired(
    run: Run, es: Elasticsearch, pictures: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each document once: also when the time is over after each page."""
    opened: list[Snapshot] = []
    open_, write = Snapshot.__init__, export_command._write

    def noting(state: Snapshot, *arguments: Any) -> None:
        open_(state, *arguments)
        opened.append(state)

    def slowly(*arguments: Any) -> None:
        write(*arguments)
        opened[-1].close()

    monkeypatch.setattr(Snapshot, "__init__", noting)
    monkeypatch.setattr(export_command, "_write", slowly)
    monkeypatch.setattr(export_command, "_PAGE", 1)
    report = json.loads(run(export, tmp_path, "--json").stdout)
    assert report == {"written": 4, "there": 0, "without_picture": 1, "failed": []}
    assert len(opened) == 5


def test_delete_takes_what_was_listed_and_nothing_that_comes_during_the_question(
    run: Run, es: Elasticsearch, pictures: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def confirm(question: str, **_: Any) -> None:
        assert question.startswith(f"Delete 4 documents from {pictures}?")
        es.index(index=pictures, id="later", document={"title": "came during the question"}, pipeline="_none")
        es.index(index=pictures, id="none", document={"title": "written again"}, pipeline="_none", refresh=True)

    monkeypatch.setattr(click, "confirm", confirm)
    said = run(delete, "--query", "*", "--delete")
    assert said.output.endswith("3 of 4 documents deleted\n1 were written by somebody meanwhile, and stay\n")
    es.indices.refresh(index=pictures)
    left = {hit["_id"]: hit["_source"]["title"] for hit in es.search(index=pictures)["hits"]["hits"]}
    assert left == {"later": "came during the question", "none": "written again"}


def test_delete_says_when_the_answer_came_too_late(
    run: Run, es: Elasticsearch, pictures: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Snapshot] = []
    open_ = Snapshot.__init__

    def noting(state: Snapshot, *arguments: Any) -> None:
        open_(state, *arguments)
        opened.append(state)

    monkeypatch.setattr(Snapshot, "__init__", noting)
    monkeypatch.setattr(click, "confirm", lambda *_, **__: opened[-1].close())
    said = run(delete, "--query", "*", "--delete")
    assert said.exit_code == 1 and "0 were deleted: the same command counts the others" in said.output
    assert es.count(index=pictures)["count"] == 4


def test_delete_wants_to_know_what(run: Run) -> None:
    for arguments, code, says in (
        ([], 2, "say which documents"),
        (["--filter", "wide:5"], 2, "there is no field 'wide'"),
        (["--query", "a:("], 1, "this cannot be searched for"),
        (["--query", "*", "--index", "missing"], 1, "there is no index missing"),
    ):
        result = run(delete, *arguments)
        assert result.exit_code == code and says in result.output, result.output
