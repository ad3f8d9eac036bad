"""`ingest-image index` with real pictures on real nodes."""

from __future__ import annotations

import json
import os
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from elastic_transport import ApiResponseMeta, HttpHeaders, NodeConfig
from elastic_transport import ConnectionError as NoConnection
from elasticsearch import ApiError, Elasticsearch

from ingest_image import search_command
from ingest_image.indexing.bulk import Sender
from ingest_image.indexing.command import index
from ingest_image.search_command import search
from pipelines.install.bootstrap import bootstrap
from tests.helpers.nodes import set_hosts
from tests.helpers.paths import PICTURES
from tests.helpers.pictures import b64, opened, picture
from tests.helpers.service import TOKEN, running_service

INDEX = "images-index-command"
Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def installed(es: Elasticsearch, es_url: str, service_url: str) -> None:
    result = CliRunner().invoke(bootstrap, ["--url", es_url, "--service-url", service_url])
    assert result.exit_code == 0, result.output
    es.options(ignore_status=404).indices.delete(index=INDEX)


@pytest.fixture
def run(es: Elasticsearch, es_url: str) -> Run:
    def run(*arguments: str | Path) -> Result:
        result = CliRunner().invoke(index, ["--url", es_url, "--index", INDEX, *map(str, arguments)])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        if es.indices.exists(index=INDEX):
            es.indices.refresh(index=INDEX)
        return result

    return run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "harbour").mkdir()
    names = sorted((PICTURES / "exif-orientation").glob("*.jpg"))[:3]
    for number, name in enumerate(names):
        shutil.copy(name, tmp_path / "harbour" / f"old_boats-{number}.jpg")
    (tmp_path / "broken.png").write_bytes(b"this is no picture")
    (tmp_path / "notes.txt").write_text("no picture either")
    return tmp_path


def test_a_folder(run: Run, es: Elasticsearch, folder: Path) -> None:
    result = run(folder)
    assert result.exit_code == 0, result.output
    *said, error = result.output.splitlines()
    assert said == [
        "left out, not a picture by name or content: 1 .txt",
        "4 of 4 indexed",
        "1 stored with an error instead of fields: 1 not_an_image",
    ]
    assert error.startswith(
        "  broken.png: not_an_image, the bytes are of no accepted picture format; accepted are jpeg"
    )
    found = es.search(index=INDEX, query={"query_string": {"query": "boats"}})["hits"]["hits"]
    assert len(found) == 3
    source = found[0]["_source"]
    assert source["title"].startswith("old boats ")
    assert source["file_path"] == f"harbour/{source['file_name']}"
    assert source["image"]["format"] == "jpeg"
    assert opened(source["image"]["data"]).size == (source["image"]["width"], source["image"]["height"])
    for query in ("image.error.code:not_an_image", "file_name:broken.png", "not_an_image"):
        hits = es.search(index=INDEX, query={"query_string": {"query": query}})["hits"]["hits"]
        assert [hit["_source"]["title"] for hit in hits] == ["broken"], query


def test_what_phones_and_old_disks_hold(
    run: Run, es: Elasticsearch, tmp_path: Path, service_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HEIC above all, names that are not UTF-8, links to somewhere else; nothing is left out without a word."""
    folder = tmp_path / "in"
    folder.mkdir()
    shutil.copy(PICTURES / "thumbor/image.heic", folder / "IMG_1.HEIC")
    shutil.copy(PICTURES / "pillow/hopper.jpg", folder / os.fsdecode(b"caf\xe9_boat.jpg"))
    shutil.copy(PICTURES / "pillow/hopper.jpg", folder / "a\u202egpj.exe")
    # A name must not look like lines of the summary.
    (folder / "no\n5 of 5 indexed.png").symlink_to(tmp_path / "secret.jpg")
    (folder / "notes.x\n0 failed").write_text("no picture")
    opened(picture("pillow/hopper.jpg")).save(folder / "old.tga")
    shutil.copy(PICTURES / "pillow/hopper.jpg", tmp_path / "secret.jpg")
    (folder / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    (folder / ".hidden.jpg").touch()
    (folder / "empty.png").touch()
    os.mkfifo(folder / "pipe.png")
    monkeypatch.setenv("IMAGE_TOKEN", TOKEN)
    result = run(folder)
    assert result.exit_code == 0, result.output
    assert result.output.splitlines() == [
        "left out, not a picture by name or content: 1 .x\ufffd0 failed",
        "left out, empty: empty.png",
        "left out, linked out of the folder: link.jpg, no\ufffd5 of 5 indexed.png",
        "left out, not regular files: pipe.png",
        "left out, hidden: 1",
        "4 of 4 indexed",
    ]
    found = es.search(index=INDEX, query={"query_string": {"query": "boat"}})["hits"]["hits"]
    assert [hit["_source"]["title"] for hit in found] == ["caf\ufffd boat"]
    hits = es.search(index=INDEX)["hits"]["hits"]
    formats = {hit["_source"]["file_name"]: hit["_source"]["image"]["original"]["format"] for hit in hits}
    assert formats == {
        "IMG_1.HEIC": "heif",
        "caf\ufffd_boat.jpg": "jpeg",
        "a\u202egpj.exe": "jpeg",
        "old.tga": "tga",
    }
    # What the command line itself names is read, whatever it leads to.
    assert "1 of 1 indexed" in run(folder / "link.jpg").output
    (hit,) = es.search(index=INDEX, query={"term": {"file_name": "link.jpg"}})["hits"]["hits"]
    assert hit["_source"]["image"]["format"] == "jpeg"
    # A service that says that it reads less is believed. It is asked where the nodes see it, if no address is given.
    with running_service(tmp_path / "log", formats="common") as common:
        assert "left out, not read by the service: 1 .tga" in run(folder, "--service-url", common.url).output
        set_hosts(es, common.url)
        try:
            assert "left out, not read by the service: 1 .tga" in run(folder).output
        finally:
            set_hosts(es, service_url)


def test_again_replaces_instead_of_adding(run: Run, es: Elasticsearch, folder: Path) -> None:
    run(folder)
    assert run(folder).exit_code == 0
    assert es.count(index=INDEX)["count"] == 4
    hit = es.search(index=INDEX, query={"query_string": {"query": "broken"}})["hits"]["hits"][0]
    assert es.get(index=INDEX, id=hit["_id"])["_version"] == 2


def test_skip_existing_leaves_alone_what_is_there(run: Run, es: Elasticsearch, folder: Path) -> None:
    run(folder / "harbour")
    result = run(folder, "--skip-existing")
    assert "1 of 4 indexed\n3 existed already\n" in result.output


def test_the_command_that_lists_all_errors(
    run: Run, es_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Instead of more than a thousand pictures.
    monkeypatch.setattr(search_command, "_MOST", 10)
    for number in range(22):
        (tmp_path / f"{number}.png").write_bytes(b"this is no picture %d" % number)
    said = run(tmp_path).output.splitlines()
    assert len(said) == 2 + 20 + 1
    more, _, command = said[-1].partition("; all in the index, with those of earlier runs: ingest-image search ")
    assert more == "  and 2 more"
    assert es_url in command
    listed = CliRunner().invoke(search, shlex.split(command)).output
    assert listed.count("not_an_image") == 22 and all(f" {number}.png" in listed for number in range(22))


def test_a_pipeline_with_another_target(run: Run, es: Elasticsearch, folder: Path) -> None:
    """What is in the target is told, and found by the command that lists all."""
    es.ingest.put_pipeline(id=INDEX, processors=[{"image": {"target_field": "a.photo", "on_invalid": "record"}}])
    for number in range(21):
        (folder / f"{number}.png").write_bytes(b"this is no picture %d" % number)
    try:
        said = run(folder, "--pipeline", INDEX).output.splitlines()
    finally:
        es.ingest.delete_pipeline(id=INDEX)
    assert said[1:3] == ["25 of 25 indexed", "22 stored with an error instead of fields: 22 not_an_image"]
    assert not any("without being processed" in line for line in said)
    listed = CliRunner().invoke(search, shlex.split(said[-1].partition(" search ")[2]))
    assert "22 found" in listed.output


def test_the_summary_for_programs(run: Run, folder: Path) -> None:
    said = json.loads(run(folder, "--json").output)
    assert (said["files"], said["indexed"], said["errors"]) == (4, 4, {"not_an_image": 1})
    assert [one["file"] for one in said["with_error"]] == ["broken.png"] and said["failed"] == []
    assert said["left_out"]["not a picture"] == {".txt": 1}


BUSY = ApiError("busy", ApiResponseMeta(429, "1.1", HttpHeaders(), 0.1, NodeConfig("http", "127.0.0.1", 9200)), {})


@pytest.mark.parametrize(
    "ended", [KeyboardInterrupt(), NoConnection("refused"), BUSY], ids=["Ctrl-C", "node away", "node busy"]
)
def test_what_ends_it_says_how_to_continue(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, ended: BaseException
) -> None:
    def interrupted(self: Sender, files: object) -> None:
        self.report.indexed = 2
        raise ended

    monkeypatch.setattr(Sender, "send", interrupted)
    result = run(folder)
    assert result.exit_code == 1
    assert "2 of 4 indexed" in result.stdout
    assert "stopped; the same command with --skip-existing continues" in result.stderr
    assert "--skip-existing" not in run(folder, "--id", "auto").stderr


def test_ids_by_content(run: Run, es: Elasticsearch, folder: Path) -> None:
    shutil.copy(folder / "harbour" / "old_boats-0.jpg", folder / "copy.jpg")
    assert "5 of 5 indexed" in run(folder, "--id", "hash").output
    assert es.count(index=INDEX)["count"] == 4


def test_too_big_is_reported_and_the_rest_is_indexed(run: Run, folder: Path) -> None:
    result = run(folder, "--max-file-bytes", "1kb")
    assert result.exit_code == 1
    assert "1 of 4 indexed" in result.output
    assert "harbour/old_boats-0.jpg: " in result.output
    assert "bytes, more than 1024 (--max-file-bytes); not sent" in result.output


def test_another_pipeline(run: Run, es: Elasticsearch, folder: Path) -> None:
    assert run(folder / "harbour", "--pipeline", "images-grayscale").exit_code == 0
    image = opened(es.search(index=INDEX)["hits"]["hits"][0]["_source"]["image"]["data"])
    red, green, blue = image.convert("RGB").split()
    assert red.tobytes() == green.tobytes() == blue.tobytes()


def test_a_pipeline_that_is_not_there(run: Run, es: Elasticsearch, folder: Path) -> None:
    result = run(folder, "--pipeline", "missing")
    assert result.exit_code == 1
    assert "there is no pipeline missing" in result.output
    assert not es.indices.exists(index=INDEX)


def test_an_index_without_pipeline_is_refused(es: Elasticsearch, es_url: str, folder: Path) -> None:
    result = CliRunner().invoke(index, ["--url", es_url, "--index", "elsewhere", str(folder)])
    assert result.exit_code == 1
    assert "the index elsewhere has no pipeline" in result.output
    assert not es.indices.exists(index="elsewhere")


@pytest.mark.parametrize("index_name", [f"{INDEX}*", f"{INDEX},images"])
def test_it_writes_to_one_index(run: Run, folder: Path, index_name: str) -> None:
    """Instead of a refusal for each picture."""
    result = run(folder, "--index", index_name)
    assert result.exit_code == 2 and "--index is the one to write to" in result.output, result.output


def test_a_pipeline_without_image_processor_is_noticed(run: Run, es: Elasticsearch, folder: Path) -> None:
    es.ingest.put_pipeline(id="nothing", processors=[])
    result = run(folder / "harbour", "--pipeline", "nothing")
    assert "3 stored without being processed" in result.output
    es.ingest.delete_pipeline(id="nothing")


def test_no_picture_is_ever_printed(run: Run, es: Elasticsearch, folder: Path) -> None:
    es.ingest.put_pipeline(id="failing", processors=[{"image": {"on_invalid": "fail"}}])
    result = run(folder, "--pipeline", "failing")
    assert result.exit_code == 1
    assert "3 of 4 indexed\n1 failed\n  broken.png: 400 [not_an_image]" in result.output
    assert b64(b"this is no picture") not in result.output
    assert max(map(len, result.output.splitlines())) < 400
    es.ingest.delete_pipeline(id="failing")


def test_a_folder_without_pictures(run: Run, tmp_path: Path) -> None:
    result = run(tmp_path)
    assert result.exit_code == 1
    assert "there is no picture to index" in result.output
