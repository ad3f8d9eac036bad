"""What people write in pipelines and documents, and what they read in what is stored."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from elasticsearch import BadRequestError, Elasticsearch

from tests.helpers.nodes import source
from tests.helpers.paths import ROOT
from tests.helpers.pictures import b64, picture

PHOTO = b64(picture("pillow/hopper.jpg"))


def test_people_find_format_and_size_first_and_marks_last(es: Elasticsearch, index: str) -> None:
    es.index(index=index, id="1", document={"image": {"data": PHOTO, "alt": "mine"}})
    names = list(source(es, index)["image"])
    assert names[:5] == ["alt", "format", "width", "height", "bytes"]
    assert names[-5:] == ["data", "thumbnail_mark", "recipe", "mark", "source_mark"]


def test_the_order_stays_when_a_document_is_written_again(es: Elasticsearch, index: str) -> None:
    """Elasticsearch hands over in any order what it has stored. Left alone by an update and an index, then completed."""
    recipe = {"properties": ["colors", "embedding", "thumbnail"], "later": ["embedding"]}
    es.ingest.put_pipeline(id=index, processors=[{"image": recipe}])
    es.indices.create(index=index, settings={"index.default_pipeline": index})
    try:
        es.index(index=index, id="1", document={"image": {"data": PHOTO, "alt": "mine"}})
        seen = [list(source(es, index)["image"])]
        es.update(index=index, id="1", doc={"title": "another"})
        seen.append(list(source(es, index)["image"]))
        es.index(index=index, id="1", document=source(es, index))
        seen.append(list(source(es, index)["image"]))
        es.update(index=index, id="1", doc={"image": {"enrich": True}})
        seen.append(list(source(es, index)["image"]))
    finally:
        es.indices.delete(index=index)
        es.ingest.delete_pipeline(id=index)
    assert seen[0][:4] == ["alt", "format", "width", "height"] and seen[1] == seen[2] == seen[0]
    assert [name for name in seen[3] if name in seen[0]] == [name for name in seen[0] if not name.startswith("pending")]
    assert seen[3].index("embedder") < seen[3].index("thumbnail")


def test_jpg_is_jpeg(es: Elasticsearch, index: str) -> None:
    es.ingest.put_pipeline(id=index, processors=[{"image": {"operations": [{"convert": {"format": "jpg"}}]}}])
    try:
        es.index(index=index, id="1", document={"image": {"data": PHOTO}}, pipeline=index)
    finally:
        es.ingest.delete_pipeline(id=index)
    image = source(es, index)["image"]
    assert image["format"] == "jpeg" and "error" not in image


@pytest.mark.parametrize("data", ["", "data:image/png;base64,"])
def test_an_empty_file_has_a_code_of_its_own(es: Elasticsearch, index: str, data: str) -> None:
    es.index(index=index, id="1", document={"image": {"data": data}})
    assert source(es, index)["image"]["error"]["code"] == "empty_image"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"operation": []}, "[operation] unknown option; valid options are [field, target_field, operations, "),
        (
            {"operations": [{"resize": {"width": "128"}}]},
            "[operations] operation [resize]: [width] must be an integer, got the string [128]",
        ),
        (
            {"operations": [{"rotate": 90}]},
            'operation [rotate]: parameters must be an object: for example {"degrees":90}, got [90]',
        ),
        (
            {"operations": [{"convert": {"format": "bmp"}}]},
            "[format] must be one of [jpeg, jpg, png, webp, avif, gif], got [bmp]",
        ),
    ],
)
def test_what_is_wrong_in_a_pipeline_is_told(es: Elasticsearch, options: dict[str, Any], says: str) -> None:
    with pytest.raises(BadRequestError) as refused:
        es.ingest.put_pipeline(id="wrong", processors=[{"image": options}])
    reason = refused.value.body["error"]["reason"]
    assert says in reason and "null" not in reason


def test_a_refused_picture_has_a_type_of_ours_and_its_code(es: Elasticsearch, index: str) -> None:
    """As docs/plugin.md shows it; by itself, in a bulk and in a simulation."""
    processors = [{"image": {"field": "image"}}]
    document = {"image": {"data": 7}}
    es.ingest.put_pipeline(id=index, processors=processors)
    try:
        with pytest.raises(BadRequestError) as refused:
            es.index(index=index, document=document, pipeline=index)
        (item,) = es.bulk(operations=[{"index": {"_index": index}}, document], pipeline=index)["items"]
        (simulated,) = es.ingest.simulate(docs=[{"_source": document}], pipeline={"processors": processors})["docs"]
    finally:
        es.ingest.delete_pipeline(id=index)
    page = (ROOT / "docs" / "plugin.md").read_text()
    (shown,) = re.findall(r'^\{"type": "image_exception".*\}$', page, re.MULTILINE)
    for error in (refused.value.body["error"], item["index"]["error"], simulated["error"]):
        assert {name: error[name] for name in ("type", "reason", "image_code")} == json.loads(shown)
    assert item["index"]["status"] == 400
