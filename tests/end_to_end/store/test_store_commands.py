"""`ingest-image store`: check, move, clean, copy, on a real node with a folder as the store."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from elasticsearch import Elasticsearch
from PIL import Image

from ingest_image.doctor.command import doctor
from ingest_image.store.command import store
from tests.helpers.pictures import b64, encoded
from tests.helpers.service import TOKEN

from .stored import Stored, stored_index, stored_service

OPTIONS: dict[str, Any] = {"operations": ["auto_orient"], "properties": [], "timeout": "2s"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("commands")


@pytest.fixture(scope="module")
def stored(es: Elasticsearch, service_url: str, folder: Path) -> Iterator[Stored]:
    (folder / "store").mkdir(exist_ok=True)
    with stored_service(es, service_url, folder, str(folder / "store"), workers="2") as running:
        yield running


@pytest.fixture
def index(es: Elasticsearch, stored: Stored, folder: Path) -> Iterator[str]:
    es.ingest.put_pipeline(id="commands", processors=[{"image": {**OPTIONS, "store": "external"}}])
    with stored_index(es, "commands") as name:
        yield name
    es.ingest.delete_pipeline(id="commands")
    for path in sorted((folder / "store").rglob("*"), reverse=True):
        if path.name[0] != ".":
            path.rmdir() if path.is_dir() else path.unlink()


def run(es_url: str, stored: Stored, *arguments: str, connect: bool = True) -> Result:
    where = ["--url", es_url] if connect else []
    return CliRunner().invoke(store, [arguments[0], *where, *arguments[1:]], env={"IMAGE_STORE_URL": stored.url})


def summary(result: Result) -> dict[str, Any]:
    return dict(json.loads(result.stdout))


def picture(number: int) -> str:
    return b64(encoded(Image.new("RGB", (40 + number, 30), (number * 20 % 256, 90, 30)), "PNG"))


def put(es: Elasticsearch, index: str, count: int) -> list[dict[str, Any]]:
    for number in range(count):
        es.index(index=index, id=str(number), document={"title": str(number), "image": {"data": picture(number)}})
    return [es.get(index=index, id=str(number))["_source"]["image"] for number in range(count)]


def test_check_finds_what_is_missing_and_what_is_another(
    es: Elasticsearch, es_url: str, stored: Stored, index: str, folder: Path
) -> None:
    images = put(es, index, 4)
    result = run(es_url, stored, "check", index, "--json")
    assert (result.exit_code, summary(result)["pictures"], summary(result)["sound"]) == (0, 4, 4), result.output
    (folder / "store" / images[0]["stored"]).unlink()
    (folder / "store" / images[1]["stored"]).write_bytes(b"other bytes")
    result = run(es_url, stored, "check", index)
    assert result.exit_code == 1
    assert f"missing: {index}/0 names {images[0]['stored']}" in result.stdout
    assert f"damaged: {index}/1 names {images[1]['stored']}" in result.stdout
    assert "4 pictures named by documents, 2 are in the store" in result.stdout
    quick = summary(run(es_url, stored, "check", index, "--quick", "--json"))
    assert (quick["missing"], quick["damaged"]) == (1, 0)


def test_move_takes_pictures_into_the_store_and_back(
    es: Elasticsearch, es_url: str, stored: Stored, index: str, tmp_path: Path
) -> None:
    es.ingest.put_pipeline(id="commands", processors=[{"image": {**OPTIONS, "store": "data"}}])
    inside = put(es, index, 5)
    state = ("--state", str(tmp_path / "state"))
    refused = run(es_url, stored, "move", index, *state)
    assert refused.exit_code == 1 and 'does not say "store": "external"' in refused.output
    es.ingest.put_pipeline(id="commands", processors=[{"image": {**OPTIONS, "store": "external"}}])
    dry = run(es_url, stored, "move", index, "--dry-run", *state)
    assert "5 documents would go through commands" in dry.output
    moved = run(es_url, stored, "move", index, "--json", *state)
    assert moved.exit_code == 0, moved.output
    assert summary(moved)["written"] == 5 and summary(moved)["failed"] == []
    for number, before in enumerate(inside):
        after = es.get(index=index, id=str(number))["_source"]["image"]
        assert b64(stored.bytes_of(after)) == before["data"] and after["original"] == before["original"]
    es.indices.refresh(index=index)
    assert summary(run(es_url, stored, "move", index, "--json", *state))["written"] == 0
    es.ingest.put_pipeline(id="commands", processors=[{"image": {**OPTIONS, "store": "data"}}])
    back = run(es_url, stored, "move", index, "--into-documents", "--json", *state)
    assert summary(back)["written"] == 5, back.output
    for number, before in enumerate(inside):
        after = es.get(index=index, id=str(number))["_source"]["image"]
        assert (after["data"], "stored" in after) == (before["data"], False)


def test_clean_puts_away_what_no_document_names_and_deletes_it_later(
    es: Elasticsearch, es_url: str, stored: Stored, index: str, folder: Path
) -> None:
    kept, removed, named_again = (image["stored"] for image in put(es, index, 3))
    es.delete(index=index, id="1")
    image = es.get(index=index, id="2")["_source"]["image"]
    es.delete(index=index, id="2")
    young = run(es_url, stored, "clean", index, "--delete")
    assert "0 pictures" in young.stdout
    dry = run(es_url, stored, "clean", index, "--grace", "0s")
    assert f"put away {removed}" in dry.stdout and kept not in dry.stdout and "--delete does it" in dry.stdout
    assert stored.keys() == sorted([kept, removed, named_again])
    done = summary(run(es_url, stored, "clean", index, "--grace", "0s", "--delete", "--json"))
    assert done["put_away"] == sorted([removed, named_again])
    assert stored.keys() == [kept]
    # A document that was on its way has its picture all the same, and the next run puts it back.
    es.index(index=index, id="2", document={"image": image})
    assert stored.bytes_of(image)
    time.sleep(1.1)
    again = summary(run(es_url, stored, "clean", index, "--grace", "1s", "--delete", "--json"))
    assert again["put_back"] == [f"trash/{named_again}"] and again["deleted"] == [f"trash/{removed}"]
    assert stored.keys() == sorted([kept, named_again])
    assert not list((folder / "store" / "trash").rglob("*.png"))


def test_clean_refuses_to_look_at_half_of_the_documents(
    es: Elasticsearch, es_url: str, stored: Stored, index: str
) -> None:
    put(es, index, 1)
    es.indices.close(index=index)
    refused = run(es_url, stored, "clean", f"{index}*", "--grace", "0s", "--delete")
    assert refused.exit_code == 1 and "is closed" in refused.output
    assert run(es_url, stored, "clean", "not-there", "--grace", "0s", "--delete").exit_code == 1
    assert len(stored.keys()) == 1


def test_clean_reads_documents_whatever_their_mapping_says(
    es: Elasticsearch, es_url: str, stored: Stored, index: str
) -> None:
    image = put(es, index, 1)[0]
    other = f"{index}-other"
    es.indices.create(index=other, mappings={"dynamic": False}, settings={"default_pipeline": "_none"})
    es.index(index=other, id="1", document={"deep": [{"photo.stored": image["stored"]}]})
    es.delete(index=index, id="0")
    result = summary(run(es_url, stored, "clean", f"{index}*", "--grace", "0s", "--delete", "--json"))
    assert result["put_away"] == [] and stored.keys() == [image["stored"]]


def test_clean_reads_the_whole_index_behind_an_alias(
    es: Elasticsearch, es_url: str, stored: Stored, index: str
) -> None:
    image = put(es, index, 1)[0]
    es.indices.create(index=f"{index}-other")
    es.indices.put_alias(index=index, name=f"{index}-alias", filter={"match_none": {}})
    for names in ([f"{index}-alias"], [f"{index}-alias", f"{index}-other"]):
        result = run(es_url, stored, "clean", *names, "--grace", "0s", "--delete", "--json")
        assert result.exit_code == 0, result.output
        assert summary(result)["put_away"] == [] and stored.keys() == [image["stored"]]


@pytest.mark.parametrize("hidden", [{"excludes": ["image.stored"]}, {"includes": ["title"]}, {"enabled": False}])
def test_clean_refuses_documents_of_which_it_sees_only_a_part(
    es: Elasticsearch, es_url: str, stored: Stored, index: str, hidden: dict[str, Any]
) -> None:
    put(es, index, 1)
    other = f"{index}-other"
    es.indices.create(index=other, mappings={"_source": hidden})
    refused = run(es_url, stored, "clean", f"{index}*", "--grace", "0s", "--delete")
    assert refused.exit_code == 1 and f"the index {other} keeps parts of documents out" in refused.output


def test_no_picture_is_lost_when_clean_runs_beside_writers(
    es: Elasticsearch, es_url: str, stored: Stored, index: str
) -> None:
    """Writers add, remove and add again the same few pictures, so that clean has always something to take."""
    put(es, index, 3)
    stop = threading.Event()
    failed: list[Exception] = []

    def write(writer: int) -> None:
        number = writer
        try:
            # Between two there is time for others on this machine, and for clean: it is what this is about.
            while not stop.wait(0.01):
                number += 3
                id = f"{writer}-{number % 4}"
                # Some are used again at once, others so late that they are deleted before.
                which = number % 7 if number % 5 else 10 + number % 500
                es.index(index=index, id=id, document={"image": {"data": picture(which)}})
                if number % 2:
                    es.delete(index=index, id=id)
        except Exception as error:
            failed.append(error)

    writers = [threading.Thread(target=write, args=(writer,)) for writer in range(3)]
    for writer in writers:
        writer.start()
    away = deleted = 0
    end = time.monotonic() + 20
    try:
        while time.monotonic() < end or (not (away and deleted) and time.monotonic() < end + 100):
            # Longer than a document can be on its way: `timeout` of the pipeline, and what a busy machine adds.
            result = run(es_url, stored, "clean", index, "--grace", "5s", "--delete", "--json")
            assert result.exit_code == 0, result.output
            away += len(summary(result)["put_away"])
            deleted += len(summary(result)["deleted"])
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    assert not failed
    assert away and deleted, "clean took nothing, or deleted nothing: the test shows nothing"
    result = run(es_url, stored, "check", index, "--json")
    assert result.exit_code == 0 and summary(result)["pictures"] > 0, result.output


def test_what_was_written_long_ago_is_not_deleted_by_two_runs_in_a_row(
    es: Elasticsearch, es_url: str, stored: Stored, index: str, folder: Path
) -> None:
    image = put(es, index, 1)[0]
    es.delete(index=index, id="0")
    os.utime(folder / "store" / image["stored"], (1, 1))
    assert summary(run(es_url, stored, "clean", index, "--delete", "--json"))["put_away"] == [image["stored"]]
    assert summary(run(es_url, stored, "clean", index, "--delete", "--json"))["deleted"] == []
    assert stored.bytes_of(image)


def test_copy_takes_along_what_was_put_away(
    es: Elasticsearch, es_url: str, stored: Stored, index: str, tmp_path: Path
) -> None:
    """A snapshot that was made before may name it."""
    image = put(es, index, 1)[0]
    es.delete(index=index, id="0")
    run(es_url, stored, "clean", index, "--grace", "0s", "--delete")
    assert stored.keys() == []
    for times in ("copied", "there"):
        result = run(es_url, stored, "copy", str(tmp_path), "--json", connect=False)
        assert (result.exit_code, summary(result)[times]) == (0, 1), result.output
    assert (tmp_path / image["stored"]).read_bytes() == stored.bytes_of(image)


def test_copy_copies_what_is_not_there_yet(
    es: Elasticsearch, es_url: str, stored: Stored, index: str, folder: Path, tmp_path: Path
) -> None:
    images = put(es, index, 3)
    first = run(es_url, stored, "copy", str(tmp_path), "--json", connect=False)
    assert (first.exit_code, summary(first)["copied"]) == (0, 3), first.output
    assert (tmp_path / images[0]["stored"]).read_bytes() == stored.bytes_of(images[0])
    assert summary(run(es_url, stored, "copy", str(tmp_path), "--json", connect=False))["there"] == 3
    (tmp_path / images[1]["stored"]).unlink()
    (folder / "store" / images[1]["stored"]).write_bytes(b"other bytes")
    damaged = run(es_url, stored, "copy", str(tmp_path), connect=False)
    assert damaged.exit_code == 1 and images[1]["stored"] in damaged.stdout
    assert not (tmp_path / images[1]["stored"]).exists()


def test_the_doctor_has_the_service_look_into_its_store(
    es: Elasticsearch, es_url: str, service_url: str, stored: Stored, index: str, folder: Path
) -> None:
    images = put(es, index, 3)
    es.indices.refresh(index=index)

    def found(url: str) -> dict[str, Any]:
        arguments = ["--url", es_url, "--index", index, "--service-url", url, "--json"]
        report = json.loads(CliRunner().invoke(doctor, arguments, env={"IMAGE_TOKEN": TOKEN}).stdout)
        return next(finding for finding in report["findings"] if finding["check"] == "store")

    assert found(stored.service.url)["level"] == "ok"
    assert "a sample of 3" in found(stored.service.url)["what"]
    (folder / "store" / images[0]["stored"]).unlink()
    assert "1 of 3 pictures" in found(stored.service.url)["what"]
    without = found(service_url)
    assert without["level"] == "error" and "store_off" in without["what"]
    (folder / "store").rename(folder / "away")
    try:
        assert "is its disk mounted" in found(stored.service.url)["what"]
    finally:
        (folder / "away").rename(folder / "store")
