"""`ingest-image reprocess --unprocessed` over lists of pictures, in indices that are mapped in another way than ours.

Elasticsearch keeps the fields of a list's elements as if they were one object's: none of its queries tells which
element lacks one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner
from elasticsearch import Elasticsearch
from PIL import Image

from ingest_image.reprocess.command import reprocess
from tests.helpers.pictures import b64, encoded

from .documents import PHOTO

MAPPINGS: dict[str, dict[str, Any]] = {
    "guessed": {},
    "not mapped": {"dynamic": False},
    "flattened": {"properties": {"image": {"type": "flattened", "ignore_above": 200, "depth_limit": 20}}},
    "without objects": {"subobjects": False},
    "not enabled": {"properties": {"image": {"enabled": False}}},
    "one field only": {"dynamic": False, "properties": {"image": {"properties": {"sha256": {"type": "keyword"}}}}},
    "nested": {
        "dynamic": False,
        "properties": {"image": {"type": "nested", "properties": {"sha256": {"type": "keyword"}}}},
    },
    "runtime": {"dynamic": "runtime"},
}


@pytest.fixture
def pipeline(es: Elasticsearch, index: str) -> Iterator[str]:
    name = f"lists-{index}"
    es.ingest.put_pipeline(id=name, processors=[{"image": {"properties": ["colors"], "ignore_missing": True}}])
    yield name
    es.ingest.delete_pipeline(id=name)


@pytest.mark.parametrize("kind", MAPPINGS)
def test_one_unprocessed_picture_of_a_list_is_found_and_mended(
    es: Elasticsearch, es_url: str, index: str, pipeline: str, kind: str
) -> None:
    name = index.replace("images-", "lists-")
    es.indices.create(index=name, settings={"number_of_replicas": 0}, mappings=MAPPINGS[kind])
    try:
        docs = [{"_source": {"image": PHOTO}}]
        done = es.ingest.simulate(id=pipeline, docs=docs)["docs"][0]["doc"]["_source"]["image"]
        raw, error = {"data": PHOTO, "alt": "mine"}, {"code": "not_an_image", "reason": "text"}
        documents: dict[str, Any] = {
            "last": [done, done, raw],
            "first": [raw, done],
            "beside an error": [{"error": error}, raw],
            "beside both": [done, raw, {"error": error}],
            "a lost mark": [done, {name: value for name, value in done.items() if name != "mark"}],
            "a bare string": [done, PHOTO],
            "all done": [done, done],
            "an error alone": [done, {"error": error}],
            "nothing": [done, {"alt": "a caption"}],
        }
        if kind not in ("not mapped", "not enabled"):
            # A field is an object or a text there.
            del documents["a bare string"]
        if kind == "without objects":
            documents["dotted"] = None
        for id, image in documents.items():
            document = {"image": image} if image else {"image.data": PHOTO, "image.alt": "mine"}
            es.index(index=name, id=id, document=document, pipeline="_none")
        es.indices.put_settings(index=name, settings={"index.default_pipeline": pipeline})
        es.indices.refresh(index=name)
        first = run(es_url, name)
        assert first.startswith(tuple(f"{count} of " for count in range(5, 11))), first
        left = {"all done", "an error alone", "nothing"}
        es.indices.refresh(index=name)
        hits = es.search(index=name, size=50, version=True)["hits"]["hits"]
        assert {hit["_id"] for hit in hits} == documents.keys()
        for hit in hits:
            images = hit["_source"]["image"]
            for image in images if isinstance(images, list) else [images]:
                assert "data" not in image or image.get("mark") == done["mark"], (hit["_id"], first)
            assert hit["_version"] == 2 or hit["_id"] in left, hit["_id"]
        again = run(es_url, name)
        assert "still hold a picture" not in again, again
    finally:
        es.indices.delete(index=name)


def test_an_index_that_stores_no_source_is_not_said_to_be_in_order(
    es: Elasticsearch, es_url: str, index: str, pipeline: str
) -> None:
    name = index.replace("images-", "lists-")
    es.indices.create(index=name, mappings={"_source": {"enabled": False}}, settings={"default_pipeline": pipeline})
    try:
        es.index(
            index=name,
            id="1",
            document={"image": [PHOTO, b64(encoded(Image.new("L", (20, 10), 90), "PNG"))]},
            refresh=True,
        )
        output = run(es_url, name, exit_code=1)
        assert "_source is disabled" in output
    finally:
        es.indices.delete(index=name)


def run(es_url: str, index: str, exit_code: int = 0) -> str:
    result = CliRunner().invoke(reprocess, [index, "--url", es_url, "--unprocessed"])
    assert result.exit_code == exit_code, result.output
    return result.output
