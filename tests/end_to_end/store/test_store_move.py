"""`ingest-image store move` on a real node, with a folder and with S3: wherever pictures are, and none is lost."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from elasticsearch import Elasticsearch
from PIL import Image

from ingest_image.reprocess.command import reprocess
from ingest_image.reprocess.documents import Document, FoundDocument, Reader
from tests.helpers.pictures import b64, encoded, opened

from .commands import Commands
from .stored import Stored


class Mover:
    """An index whose pipeline is the test's own, and the command that moves its pictures."""

    def __init__(self, commands: Commands, state: Path) -> None:
        self.commands, self.index, self.pipeline = commands, commands.index, f"moving-{uuid.uuid4().hex[:8]}"
        self.state = state

    def says(self, *options: dict[str, Any], **option: Any) -> None:
        """What the pipeline says from now on."""
        wanted = options or (option,)
        processors = [{"image": {"operations": ["auto_orient"], "properties": [], **each}} for each in wanted]
        self.commands.es.ingest.put_pipeline(id=self.pipeline, processors=processors)

    def create(self, **options: Any) -> None:
        settings = {"index.default_pipeline": self.pipeline, "index.final_pipeline": "_none"}
        self.commands.es.indices.create(index=self.index, settings=settings, **options)

    def put(self, document: dict[str, Any], id: str = "1", **options: Any) -> dict[str, Any]:
        self.commands.es.index(index=self.index, id=id, document=document, refresh=True, **options)
        return self.source(id)

    def source(self, id: str = "1") -> dict[str, Any]:
        return dict(self.commands.es.get(index=self.index, id=id)["_source"])

    def move(self, *arguments: str) -> int:
        """How many documents were written."""
        self.commands.es.indices.refresh(index=self.index)
        said = self.commands.said("move", self.index, "--state", str(self.state), *arguments)
        assert said["failed"] == []
        return int(said["written"])

    def refusal(self, *arguments: str) -> str:
        result = self.commands.run("move", self.index, "--state", str(self.state), *arguments)
        assert result.exit_code == 1
        return result.output


@pytest.fixture
def mover(es: Elasticsearch, commands: Commands, tmp_path: Path) -> Iterator[Mover]:
    made = Mover(commands, tmp_path / "state")
    yield made
    es.indices.delete(index=made.index, ignore_unavailable=True)
    es.ingest.delete_pipeline(id=made.pipeline)


PICTURE = b64(encoded(Image.new("RGB", (40, 30), "teal"), "PNG"))


@pytest.mark.parametrize("option", [{"store": "none"}, {"store": "data", "remove_binary": True}])
def test_no_picture_is_moved_into_nothing(mover: Mover, option: dict[str, Any]) -> None:
    mover.says(store="external")
    mover.create()
    before = mover.put({"image": {"data": PICTURE}})
    mover.says(**option)
    refused = mover.refusal("--into-documents")
    assert mover.pipeline in refused and ("remove_binary" if "remove_binary" in option else '"data"') in refused
    assert mover.source() == before


def test_lists_are_moved_picture_by_picture(mover: Mover, stored: Stored) -> None:
    mover.says(store="external")
    mover.create()
    (outside,) = mover.put({"image": [{"data": PICTURE}]})["image"]
    mover.says(store="data")
    (inside,) = mover.put({"image": [{"data": PICTURE}]}, "2")["image"]
    mover.put({"image": [outside, inside]}, pipeline="_none")
    mover.says(store="external")
    assert mover.move() == 2
    assert [set(one) & {"data", "stored"} for one in mover.source()["image"]] == [{"stored"}] * 2
    mover.put({"image": [outside, inside]}, pipeline="_none")
    mover.says(store="data")
    assert mover.move("--into-documents") == 2
    assert [set(one) & {"data", "stored"} for one in mover.source()["image"]] == [{"data"}] * 2
    assert mover.move("--into-documents") == 0


def test_a_target_that_cannot_be_searched_is_moved(mover: Mover) -> None:
    target = {"field": "src", "target_field": "photo", "remove_binary": True}
    mover.says(store="data", **target)
    mover.create(mappings={"dynamic": False, "properties": {}})
    mover.put({"src": PICTURE})
    mover.says(store="external", **target)
    assert mover.move() == 1
    assert "stored" in mover.source()["photo"] and "data" not in mover.source()["photo"]
    assert mover.move() == 0


def test_all_targets_of_one_source_are_moved(mover: Mover) -> None:
    two = [{"field": "src", "target_field": name} for name in ("one", "two")]
    mover.says(*({**each, "store": "data"} for each in two))
    mover.create()
    mover.put({"src": PICTURE})
    # As one that was interrupted could leave it.
    mover.says({**two[0], "store": "data"}, {**two[1], "store": "external"})
    mover.put({"src": PICTURE})
    mover.says(*({**each, "store": "external"} for each in two))
    assert mover.move() == 1
    assert all("stored" in mover.source()[name] for name in ("one", "two"))


def test_a_move_that_was_interrupted_goes_on(mover: Mover, monkeypatch: pytest.MonkeyPatch) -> None:
    mover.says(store="data")
    mover.create()
    for number in range(4):
        mover.put({"image": {"data": PICTURE}, "title": str(number)}, str(number))
    mover.says(store="external")
    mover.commands.es.indices.refresh(index=mover.index)
    tried: list[str] = []
    read = Reader.read

    def interrupted(reader: Reader, found: Iterable[FoundDocument]) -> Iterator[Document]:
        for document in read(reader, found):
            if len(tried) == 2:
                raise KeyboardInterrupt
            tried.append(document.id)
            yield document

    with monkeypatch.context() as patched:
        patched.setattr(Reader, "read", interrupted)
        stopped = mover.commands.run("move", mover.index, "--state", str(mover.state), "--max-bulk-bytes", "1")
        assert stopped.exit_code != 0 and mover.state.exists()
    assert mover.move() < 4
    assert all("stored" in mover.source(str(number))["image"] for number in range(4))
    assert not mover.state.exists()


def test_a_document_beyond_the_bound_of_a_bulk_is_moved_alone(mover: Mover, monkeypatch: pytest.MonkeyPatch) -> None:
    mover.says(store="data")
    mover.create()
    large = b64(encoded(Image.effect_noise((200, 150), 90), "PNG"))
    for id in "12345":
        mover.put({"image": {"data": large if id == "3" else PICTURE}}, id)
    mover.says(store="external")
    bulks: list[list[str]] = []
    bulk = Elasticsearch.bulk

    def noted(*arguments: Any, **options: Any) -> Any:
        answer = bulk(*arguments, **options)
        bulks.append([item["index"]["_id"] for item in answer["items"]])
        return answer

    with monkeypatch.context() as patched:
        patched.setattr(Elasticsearch, "bulk", noted)
        assert mover.move("--max-bulk-bytes", "10kb") == 5
    assert ["3"] in bulks and len(bulks) < 5
    assert all("stored" in mover.source(id)["image"] for id in "12345")


def test_what_somebody_writes_during_a_move_is_left_alone(mover: Mover, monkeypatch: pytest.MonkeyPatch) -> None:
    mover.says(store="data")
    mover.create()
    for id in ("1", "2"):
        mover.put({"image": {"data": PICTURE}, "title": "old"}, id)
    mover.says(store="external")
    mover.commands.es.indices.refresh(index=mover.index)
    read = Reader.read

    def beside(reader: Reader, found: Iterable[FoundDocument]) -> Iterator[Document]:
        for document in read(reader, found):
            if document.id == "2":
                mover.put({"image": {"data": PICTURE}, "title": "new"}, "2")
            yield document

    with monkeypatch.context() as patched:
        patched.setattr(Reader, "read", beside)
        said = mover.commands.said("move", mover.index, "--state", str(mover.state))
    assert (said["written"], said["changed"], said["failed"]) == (1, 1, [])
    # The pipeline moved it for who wrote it.
    assert mover.source("2")["title"] == "new"
    assert all("stored" in mover.source(id)["image"] for id in ("1", "2"))


def test_a_moved_picture_keeps_its_original(mover: Mover) -> None:
    kept = {"operations": ["grayscale"], "originals": "external"}
    mover.says(store="data", **kept)
    mover.create()
    before = mover.put({"image": {"data": PICTURE}})["image"]
    mover.says(store="external", **kept)
    assert mover.move() == 1
    after = mover.source()["image"]
    assert after["original"] == before["original"] and after["sha256"] == before["sha256"]


def test_reprocess_begins_with_the_original(mover: Mover, stored: Stored) -> None:
    mover.says(store="external", originals="external", operations=["grayscale"])
    mover.create()
    before = mover.put({"image": {"data": PICTURE}})["image"]
    mover.says(store="external", originals="external", operations=["auto_orient"])
    arguments = ["--url", mover.commands.url, mover.index, "--stale", "--state", str(mover.state)]
    result = CliRunner().invoke(reprocess, arguments)
    assert result.exit_code == 0, result.output
    made = mover.source()["image"]
    assert made["original"] == before["original"]
    assert opened(stored.bytes_of(made)).mode == "RGB" and opened(stored.bytes_of(before)).mode == "L"
