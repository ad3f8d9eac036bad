"""The program on documents whose pictures are in a store: search, page, get, export, reprocess, and `_simulate`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from elasticsearch import Elasticsearch

from ingest_image.export.command import export
from ingest_image.export.get_command import get
from ingest_image.gallery.app import create_app
from ingest_image.gallery.settings import GallerySettings
from ingest_image.reprocess.command import reprocess
from ingest_image.search_command import search
from tests.helpers.pictures import b64, encoded, opened, picture
from tests.helpers.service import TOKEN

from .stored import PIPELINE, Stored, image_of

FLOWER, CAT = picture("pillow/flower.jpg"), picture("skimage/chelsea.png")


@pytest.fixture
def filled(es: Elasticsearch, index: str) -> str:
    half = opened(FLOWER)
    copy = encoded(half.resize((half.width // 2, half.height // 2)), "JPEG")
    for id, data in (("flower", FLOWER), ("copy", copy), ("cat", CAT)):
        es.index(index=index, id=id, document={"title": f"A {id}", "image": {"data": b64(data)}})
    es.indices.refresh(index=index)
    return index


def found(es_url: str, index: str, *arguments: str) -> set[str]:
    result = CliRunner().invoke(search, ["--url", es_url, "--index", index, "--json", *arguments])
    assert result.exit_code == 0, result.output
    return {hit["_id"] for hit in json.loads(result.stdout)["hits"]}


def test_search_finds_by_words_and_by_a_picture_of_the_store(es_url: str, filled: str) -> None:
    assert found(es_url, filled, "cat") == {"cat"}
    assert found(es_url, filled, "--like", "flower", "--near-duplicate") == {"copy"}


def test_the_page_shows_the_picture_of_the_store(es: Elasticsearch, stored: Stored, filled: str) -> None:
    settings = GallerySettings(index=filled, service_url=stored.service.url, service_token=TOKEN)
    answer = create_app(es, settings).test_client().get(f"/image/{filled}/0?id=flower")
    assert answer.status_code == 200, answer.text
    assert answer.data == stored.bytes_of(image_of(es, filled, "flower"))


def test_get_reads_the_picture_from_the_store(es: Elasticsearch, es_url: str, stored: Stored, filled: str) -> None:
    def asked(**environment: str) -> Result:
        return CliRunner().invoke(get, ["flower", "--url", es_url, "--index", filled], env=environment)

    image = image_of(es, filled, "flower")
    assert asked(IMAGE_STORE_URL=stored.url).stdout_bytes == stored.bytes_of(image)
    unset = asked(IMAGE_STORE_URL="")
    assert (unset.exit_code, unset.stdout_bytes) == (1, b"") and "IMAGE_STORE_URL" in unset.stderr
    stored.pictures.delete(image["stored"])
    lost = asked(IMAGE_STORE_URL=stored.url)
    assert (lost.exit_code, lost.stdout_bytes) == (1, b"") and image["stored"] in lost.stderr, lost.stderr


def test_export_writes_pictures_of_the_store_and_is_continued_when_one_is_back(
    es: Elasticsearch, es_url: str, stored: Stored, filled: str, tmp_path: Path
) -> None:
    def exported() -> tuple[int, dict[str, Any]]:
        arguments = [str(tmp_path), "--url", es_url, "--index", filled, "--json"]
        result = CliRunner().invoke(export, arguments, env={"IMAGE_STORE_URL": stored.url})
        return result.exit_code, json.loads(result.stdout)

    cat = image_of(es, filled, "cat")
    kept = stored.bytes_of(cat)
    stored.pictures.delete(cat["stored"])
    code, said = exported()
    assert (code, said["written"], [one["id"] for one in said["failed"]]) == (1, 2, ["cat"])
    assert cat["stored"] in said["failed"][0]["reason"]
    stored.pictures.put(cat["stored"], kept)
    assert exported() == (0, {"written": 1, "there": 2, "without_picture": 0, "failed": []})
    files = {path.name: path.read_bytes() for path in tmp_path.glob("*.jpg")}
    images = {id: image_of(es, filled, id) for id in ("flower", "copy", "cat")}
    assert files == {f"A {id}.jpg": stored.bytes_of(image) for id, image in images.items()}


def test_reprocess_makes_pictures_again_by_the_recipe_of_now(
    es: Elasticsearch, es_url: str, stored: Stored, filled: str, tmp_path: Path
) -> None:
    before = image_of(es, filled, "flower")
    usual = es.ingest.get_pipeline(id=PIPELINE).body[PIPELINE]["processors"]
    recipe = {**usual[0]["image"], "operations": ["grayscale"]}
    es.ingest.put_pipeline(id=PIPELINE, processors=[{"image": recipe}])
    try:
        arguments = [filled, "--url", es_url, "--stale", "--state", str(tmp_path / "state")]
        result = CliRunner().invoke(reprocess, arguments)
        assert (result.exit_code, result.output.splitlines()[-1]) == (0, "3 of 3 written"), result.output
    finally:
        es.ingest.put_pipeline(id=PIPELINE, processors=usual)
    after = image_of(es, filled, "flower")
    assert opened(stored.bytes_of(after)).mode == "L"
    # What the document had before stays until `store clean`.
    assert opened(stored.bytes_of(before)).mode == "RGB" and after["stored"] != before["stored"]


def test_simulate_shows_where_the_picture_would_be(es: Elasticsearch, stored: Stored, index: str) -> None:
    documents = [{"_index": index, "_source": {"image": {"data": b64(FLOWER)}}}]
    answer = es.ingest.simulate(id=PIPELINE, docs=documents).body
    assert stored.bytes_of(answer["docs"][0]["doc"]["_source"]["image"])
    assert not es.indices.exists(index=index)
