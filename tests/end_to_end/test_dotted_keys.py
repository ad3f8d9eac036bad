"""A picture whose field is written with a dotted name: to Elasticsearch's mapping it is the same field."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cbor2
import pytest
import requests
from elasticsearch import BadRequestError, Elasticsearch
from PIL import Image

from tests.helpers.located_pictures import places, with_place
from tests.helpers.pictures import b64, encoded

PRIVATE = with_place(encoded(Image.effect_noise((60, 40), 60), "JPEG"))
DATA = b64(PRIVATE)


def source(es: Elasticsearch, index: str) -> dict[str, Any]:
    return dict(es.get(index=index, id="1")["_source"])


@pytest.fixture(params=["default_pipeline", "final_pipeline"])
def piped(request: pytest.FixtureRequest, es: Elasticsearch, index: str) -> str:
    """An index that names our pipeline, in either way."""
    es.indices.create(index=index, settings={"default_pipeline": "_none"} | {request.param: "images"})
    return index


@pytest.mark.parametrize(
    "document",
    [
        {"image.data": DATA, "image.caption": "mine"},
        {"image.data": f"data:image/jpeg;base64,{DATA}", "image": {"caption": "mine"}},
        {"image": None, "image.data": DATA, "image.caption": "mine"},
        {"image.data": DATA, "image.caption": "mine", "image.mark": "x", "image.metadata.title": "x"},
        {"image.data": DATA, "image": {"caption": "mine", "error.code": "x"}},
    ],
    ids=lambda document: " and ".join(document),
)
def test_a_dotted_picture_is_processed(es: Elasticsearch, piped: str, document: dict[str, Any]) -> None:
    es.index(index=piped, id="1", document={"title": "t", "image_size.x": 1, **document}, refresh=True)
    stored = source(es, piped)
    assert set(stored) == {"title", "image", "image_size.x"}
    image = stored["image"]
    assert (image["width"], image["caption"], "error" in image) == (60, "mine", False)
    assert not list(places(stored)) and image["mark"] != "x"
    assert es.count(index=piped, q="image.format:jpeg AND image.width:60")["count"] == 1


def test_a_dotted_picture_in_cbor_is_processed(es: Elasticsearch, es_url: str, piped: str) -> None:
    answer = requests.put(
        f"{es_url}/{piped}/_doc/1",
        data=cbor2.dumps({"image.data": PRIVATE}),
        headers={"Content-Type": "application/cbor", "Accept": "application/json"},
        timeout=60,
    )
    assert answer.status_code == 201, answer.text[:300]
    assert source(es, piped)["image"]["width"] == 60 and not list(places(source(es, piped)))


@pytest.mark.parametrize(
    "document",
    [
        {"image": DATA, "image.data": DATA},
        {"image": [DATA], "image.data": DATA},
        {"image": {"data": DATA}, "image.data": DATA},
        {"image": {"data": None}, "image.data": DATA},
        {"image.data": DATA, "image.data.x": 1},
    ],
    ids=lambda document: " and ".join(document),
)
def test_a_picture_that_is_written_twice_is_refused(es: Elasticsearch, piped: str, document: dict[str, Any]) -> None:
    with pytest.raises(BadRequestError, match=r"ambiguous_field.*write each thing once"):
        es.index(index=piped, id="1", document=document)
    assert not es.exists(index=piped, id="1")


def test_an_update_with_a_dotted_name_is_refused_where_there_is_a_picture(es: Elasticsearch, index: str) -> None:
    es.index(index=index, id="1", document={"image": {"data": DATA}})
    with pytest.raises(BadRequestError, match="ambiguous_field"):
        es.update(index=index, id="1", doc={"image.data": DATA})
    es.update(index=index, id="1", doc={"image.operations": ["grayscale"]})
    assert "operations" not in source(es, index)["image"] and "image.operations" not in source(es, index)


@pytest.fixture
def deep(es: Elasticsearch, index: str) -> Iterator[str]:
    """An index whose pictures are some levels down, and go to a place that is as deep."""
    options = {"field": "a.b.photo", "target_field": "c.d", "remove_binary": True, "ignore_missing": True}
    es.ingest.put_pipeline(id=f"deep-{index}", processors=[{"image": {**options, "properties": []}}])
    es.indices.create(index=index, settings={"default_pipeline": f"deep-{index}"}, mappings={"dynamic": False})
    yield index
    es.indices.delete(index=index)
    es.ingest.delete_pipeline(id=f"deep-{index}")


@pytest.mark.parametrize(
    "document",
    [
        {"a.b.photo": DATA},
        {"a.b.photo.data": DATA},
        {"a": {"b.photo": DATA}},
        {"a": {"b.photo.data": DATA}},
        {"a.b": {"photo.data": DATA}},
        {"a": {"b": {"photo.data": DATA}}},
        {"c.d": {"mark": "x", "data": DATA}},
        {"c": {"d.data": DATA}},
        {"c.d.data": DATA},
    ],
    ids=str,
)
def test_every_level_may_be_dotted(es: Elasticsearch, deep: str, document: dict[str, Any]) -> None:
    es.index(index=deep, id="1", document=document)
    stored = source(es, deep)
    assert stored["c"]["d"]["width"] == 60, stored
    assert not list(places(stored))


def test_a_list_on_the_way_is_refused(es: Elasticsearch, deep: str) -> None:
    for document in (
        {"a": [{"b.photo": DATA}]},
        {"a": {"b": [{"photo": {"data": DATA}}]}},
        {"c": [{"d": {"data": DATA}}]},
    ):
        with pytest.raises(BadRequestError, match=r"ambiguous_field.* is a list"):
            es.index(index=deep, id="1", document=document)
    es.index(index=deep, id="1", document={"a": [{"x": 1}]})
    assert source(es, deep) == {"a": [{"x": 1}]}
