"""Documents whose place in the index is chosen by a routing: the gallery and the commands find and change them."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from elasticsearch import Elasticsearch
from flask.testing import FlaskClient

from ingest_image.delete_command import delete
from ingest_image.duplicates.command import duplicates
from ingest_image.export.command import export
from ingest_image.export.get_command import get
from ingest_image.gallery import GallerySettings, create_app
from ingest_image.reprocess.command import reprocess
from tests.helpers.fake_elasticsearch import OWN
from tests.helpers.pictures import b64, picture

FILES = {
    "one": "pillow/hopper.jpg",
    "two": "pillow/hopper.jpg",
    "late": "exif-orientation/Landscape_6.jpg",
    "last": "pillow/flower.jpg",
}


def elsewhere(es: Elasticsearch, index: str, id: str) -> str:
    """The first letter that leads to another shard than the id does."""

    def shard(routing: str) -> Any:
        return es.search_shards(index=index, routing=routing)["shards"][0][0]["shard"]

    return next(letter for letter in "abcdefghijklmnopqrstuvwxyz" if shard(letter) != shard(id))


@pytest.fixture(params=[True, False])
def routed(request: pytest.FixtureRequest, es: Elasticsearch, index: str) -> str:
    """Documents in other shards than those for which their ids stand; Elasticsearch may know that all are routed."""
    mappings = {"_routing": {"required": request.param}}
    es.indices.create(index=index, settings={"number_of_shards": 5}, mappings=mappings)
    for id, name in FILES.items():
        image = {"data": b64(picture(name))}
        pipeline = "_none" if id == "late" else None
        document = {"title": id, "image": {**image, **({"error": {"code": "overdue"}} if pipeline else {})}}
        es.index(index=index, id=id, routing=elsewhere(es, index, id), document=document, pipeline=pipeline)
        assert request.param or not es.exists(index=index, id=id)
    es.indices.refresh(index=index)
    return index


@pytest.fixture
def page(es: Elasticsearch, routed: str) -> FlaskClient:
    return create_app(es, GallerySettings(index=routed)).test_client()


def titles(es: Elasticsearch, index: str) -> dict[str, Any]:
    es.indices.refresh(index=index)
    return {hit["_id"]: hit["_source"]["title"] for hit in es.search(index=index)["hits"]["hits"]}


def test_the_gallery_shows_and_changes_them(page: FlaskClient, es: Elasticsearch, routed: str) -> None:
    def source(id: str) -> dict[str, Any]:
        return dict(es.get(index=routed, id=id, routing=elsewhere(es, routed, id))["_source"])

    def post(address: str, **form: str) -> Any:
        answer = page.post(address, data=form, headers=OWN)
        assert answer.status_code in (200, 303), answer.text
        return answer.get_json()

    shown = page.get(f"/picture/{routed}?id=one").text
    (small,) = set(re.findall(r'<img src="(/image/[^"]*)"', shown))
    for path in (html.unescape(small), f"/thumbnail/{routed}/0?id=one", f"/download/{routed}/0?id=one"):
        assert page.get(path).data.startswith((b"\xff\xd8", b"RIFF")), path
    # Its copy, which was laid over it or has its bytes.
    assert f'data-key="{routed}/two"' in shown
    was = re.findall(r'name="was" value="([^"]*)"', page.get(f"/edit/{routed}?id=one").text)[0]
    post(f"/edit/{routed}?id=one", was=html.unescape(was), title="Edited", description="", tags="")
    before = source("one")["image"]["sha256"]
    post(f"/operate/{routed}?id=one", operation="left", v=before[:12])
    post("/tag", doc=f"{routed}/one", tags="far")
    assert (source("one")["title"], source("one")["tags"]) == ("Edited", ["far"])
    assert source("one")["image"]["sha256"] != before
    zipped = page.post("/download", data={"doc": f"{routed}/last"}, headers=OWN).data
    assert b"last.jpg" in zipped and b"left out" not in zipped
    post(f"/retry/{routed}?id=late")
    assert source("late")["image"]["width"] and "error" not in source("late")["image"]
    (asked,) = post("/delete/ask", doc=f"{routed}/last")["documents"]
    assert post("/delete", version=asked["version"])["deleted"] == 1
    assert titles(es, routed) == {"one": "Edited", "two": "two", "late": "late"}


def test_one_of_several_is_kept(page: FlaskClient, es: Elasticsearch, routed: str) -> None:
    while "Looking for" in (shown := page.get("/duplicates").text):
        pass
    values = [html.unescape(value) for value in re.findall(r'name="other" value="([^"]*)"', shown)]
    (keep,) = [value for value in values if json.loads(value)[1] == "one"]
    form = {"keep": keep, "other": values}
    assert "Delete 1 picture?" in page.post("/duplicates/keep", data=form, headers=OWN).text
    answer = page.post("/duplicates/keep", data={**form, "sure": "1"}, headers=OWN)
    assert "deleted=1" in answer.location and sorted(titles(es, routed)) == ["last", "late", "one"]


def test_the_commands(es: Elasticsearch, es_url: str, routed: str, tmp_path: Path) -> None:
    def run(command: Any, *arguments: str) -> bytes:
        result = CliRunner().invoke(command, [*arguments, "--url", es_url, "--index", routed])
        assert result.exit_code == 0, result.output
        return result.stdout_bytes

    assert (
        b64(run(get, "last"))
        == es.get(index=routed, id="last", routing=elsewhere(es, routed, "last"))["_source"]["image"]["data"]
    )
    assert json.loads(run(export, str(tmp_path), "--json"))["written"] == 4
    assert b"one" in (found := run(duplicates, "--json")) and b"two" in found
    assert json.loads(run(delete, "--query", "title:two", "--delete", "--yes", "--json"))["deleted"] == 1
    assert "two" not in titles(es, routed)


@pytest.mark.parametrize("routed", [True], indirect=True)
def test_an_id_that_is_there_under_two_routings_is_nobody(page: FlaskClient, es: Elasticsearch, routed: str) -> None:
    """It could be the other one that is changed or deleted."""
    for routing in ("a", "b", "c", "d", "e", "f"):
        es.index(index=routed, id="twin", routing=routing, document={"title": routing}, refresh=True)
    assert page.get(f"/edit/{routed}?id=twin").status_code == 404


def test_documents_of_one_id_are_exported_and_processed_again_each(
    es: Elasticsearch, es_url: str, index: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    es.indices.create(index=index, settings={"number_of_shards": 5, "number_of_replicas": 0})
    for routing in "abcdef":
        # As nobody has looked at them.
        document = {"title": routing, "image": {"data": b64(picture("pillow/hopper.jpg"))}}
        es.index(index=index, id="twin", routing=routing, document=document, pipeline="_none", refresh=True)
    # What came into the same shard is the same document.
    left = sorted(titles_of(es, index))
    assert len(left) > 2

    def run(command: Any, *arguments: str) -> str:
        result = CliRunner().invoke(command, [*arguments, "--url", es_url])
        assert result.exit_code == 0, result.output
        return result.output

    assert run(reprocess, index) == f"{len(left)} of {len(left)} written\n"
    es.indices.refresh(index=index)
    # Nobody could say which of them is a copy of which.
    assert run(duplicates, index, "--json") == ""
    for routing in left:
        found = es.get(index=index, id="twin", routing=routing)["_source"]
        assert (found["title"], found["image"]["width"]) == (routing, 128)
    # Of one the picture becomes another one.
    one = {"image": {"data": b64(picture("pillow/flower.jpg"))}}
    for written, there in ((len(left), 0), (1, len(left) - 1)):
        es.indices.refresh(index=index)
        said = json.loads(run(export, str(tmp_path / "folder"), "--index", index, "--json"))
        assert (said["written"], said["there"], said["failed"]) == (written, there, [])
        files = {file.stem: b64(file.read_bytes()) for file in (tmp_path / "folder").glob("[!.]*.jpg")}
        stored = {hit["_routing"]: hit["_source"]["image"]["data"] for hit in es.search(index=index)["hits"]["hits"]}
        assert files == stored
        es.update(index=index, id="twin", routing=left[0], doc=one)


def titles_of(es: Elasticsearch, index: str) -> list[str]:
    return [hit["_source"]["title"] for hit in es.search(index=index)["hits"]["hits"]]
