"""Documents in an old backing index of a data stream, on real nodes: what maintains and shows them reaches them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from elasticsearch import Elasticsearch

from ingest_image.cli import main
from ingest_image.enrich.command import followed_patterns
from ingest_image.gallery import GallerySettings, create_app
from tests.helpers.nodes import source
from tests.helpers.pictures import b64, opened, picture
from tests.helpers.service import TOKEN

PHOTO = picture("pillow/hopper.jpg")
TIME = "2026-01-01T00:00:00Z"
BEFORE: dict[str, Any] = {"properties": ["statistics"], "on_invalid": "record", "keep_invalid": True}
LATER = BEFORE | {"properties": ["statistics", "embedding"], "later": ["embedding"]}


@dataclass(frozen=True)
class Stream:
    """A data stream with a document in each of its two backing indices, and its pipeline."""

    name: str
    old: str
    new: str


@pytest.fixture(scope="module")
def stream(es: Elasticsearch, es_url: str) -> Iterator[Stream]:
    """It stays: an embedded node has no request that deletes a stream."""
    name = f"photos-{uuid.uuid4().hex[:8]}"
    run(es_url, "bootstrap", "--data-stream", name)
    es.ingest.put_pipeline(id=name, processors=[{"image": BEFORE}])
    for id_, data in {"1": PHOTO, "short": PHOTO[:2500]}.items():
        document = {"@timestamp": TIME, "title": id_, "image": {"data": b64(data)}}
        es.create(index=name, id=id_, document=document, pipeline=name)
    rolled = es.indices.rollover(alias=name)
    es.create(index=name, id="2", document={"@timestamp": TIME, "image": {"data": b64(PHOTO)}}, pipeline=name)
    es.indices.put_settings(index=name, settings={"index.default_pipeline": name})
    es.indices.refresh(index=name)
    yield Stream(name, rolled["old_index"], rolled["new_index"])
    # Nor is it a matter for the doctor any more.
    es.indices.put_settings(index=name, settings={"index.default_pipeline": None})
    es.ingest.delete_pipeline(id=name)


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where runs remember how far they came."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


def run(url: str, command: str, *arguments: str) -> str:
    result = CliRunner().invoke(main, [command, "--url", url, *arguments], env={"IMAGE_TOKEN": TOKEN})
    assert result.exit_code == 0, result.output
    return result.output


def test_properties_are_added_and_made_again(es: Elasticsearch, es_url: str, stream: Stream) -> None:
    assert stream.name in followed_patterns(es)
    before = source(es, stream.old, "1")["image"]
    es.ingest.put_pipeline(id=stream.name, processors=[{"image": LATER}])
    said = run(es_url, "enrich", "--add", "embedding", stream.name)
    assert f"2 documents of {stream.name} marked" in said and "2 documents enriched" in said, said
    for index, id_ in ((stream.old, "1"), (stream.new, "2")):
        assert source(es, index, id_)["image"]["embedder"] == "builtin-v1"
    es.update(index=stream.old, id="1", doc={"image": {"embedder": "builtin-v0"}}, refresh=True)
    said = run(es_url, "enrich", "--stale", stream.name)
    assert f"1 document of {stream.name} marked" in said and "1 document enriched" in said, said
    after = source(es, stream.old, "1")["image"]
    assert after["embedder"] == "builtin-v1" and "pending" not in after
    assert (after["data"], after["sha256"]) == (before["data"], before["sha256"])


def test_errors_are_tried_again(es: Elasticsearch, es_url: str, stream: Stream) -> None:
    assert source(es, stream.old, "short")["image"]["error"]["code"] == "truncated_image"
    es.ingest.put_pipeline(id=stream.name, processors=[{"image": LATER | {"truncated": "accept"}}])
    assert "1 of 1 written" in run(es_url, "reprocess", "--errors", stream.name)
    image = source(es, stream.old, "short")["image"]
    assert "error" not in image and image["width"] == 128


def test_the_gallery_shows_them(es: Elasticsearch, stream: Stream) -> None:
    client = create_app(es, GallerySettings(index=stream.name)).test_client()
    page = client.get("/").get_data(as_text=True)
    assert f"/picture/{stream.old}?" in page and f"/picture/{stream.new}?" in page
    assert client.get(f"/picture/{stream.old}?id=1").status_code == 200
    shown = client.get(f"/image/{stream.old}/0?id=1")
    assert shown.status_code == 200 and opened(shown.data).size == (128, 128)


def test_what_another_recipe_made_is_made_again_in_both(es: Elasticsearch, es_url: str, stream: Stream) -> None:
    """The last test, as it makes the pictures smaller."""
    recipe = BEFORE | {"operations": [{"resize": {"width": 64, "height": 64}}]}
    es.ingest.put_pipeline(id=stream.name, processors=[{"image": recipe}])
    assert "3 of 3 written" in run(es_url, "reprocess", "--stale", stream.name)
    for index, id_ in ((stream.old, "1"), (stream.new, "2")):
        assert source(es, index, id_)["image"]["width"] == 64
    assert "0 of 0 written" in run(es_url, "reprocess", "--stale", stream.name)
