"""The fields of pictures on a real node: the mapping takes them, in lists too, and the queries of the docs find them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from PIL import ExifTags, Image
from PIL.TiffImagePlugin import IFDRational

from tests.support import ROOT, Service, encoded, picture

PROPERTIES = ["colors", "statistics", {"metadata": {"location": "coarse"}}, "perceptual_hash", "placeholder"]
QUERIES = re.findall(r"```\nGET images/_search\n(.*?)```", (ROOT / "docs/fields.md").read_text(), re.DOTALL)


def postcard() -> bytes:
    """Mostly teal with some orange, of 2020, from Sydney, about a bridge."""
    image = Image.new("RGB", (600, 400), "#008080")
    image.paste((255, 102, 0), (0, 0, 150, 400))
    exif = Image.Exif()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Model] = "NIKON CORPORATION", "NIKON D750"
    exif[ExifTags.Base.ImageDescription] = "The harbour bridge"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2020:02:29 23:59:59"
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(
        {1: "S", 2: tuple(map(IFDRational, (33, 51, 25))), 3: "E", 4: tuple(map(IFDRational, (151, 12, 40)))}
    )
    return encoded(image, "JPEG", exif=exif.tobytes(), quality=95)


def fields(service: Service, data: bytes) -> dict[str, Any]:
    answer = service.process_picture(data, operations=["strip_metadata"], properties=PROPERTIES)
    assert answer.status_code == 200, answer.text
    return {name: value for name, value in answer.json()["fields"].items() if value is not None}


@pytest.fixture(scope="module")
def filled(es: Elasticsearch, service: Service) -> Iterator[str]:
    """An index of our template with a postcard, two other pictures, and a document that has all three in a list."""
    index = "images-findable"
    one, *others = (
        fields(service, data) for data in (postcard(), picture("pillow/flower.jpg"), picture("skimage/coins.png"))
    )
    for id, image in (("postcard", one), ("flower", others[0]), ("coins", others[1]), ("album", [one, *others])):
        es.index(index=index, id=id, document={"image": image}, pipeline="_none")
    es.indices.refresh(index=index)
    yield index
    es.indices.delete(index=index)


@pytest.mark.parametrize("query", QUERIES, ids=range(len(QUERIES)))
def test_queries_of_the_docs(es: Elasticsearch, filled: str, query: str) -> None:
    answer = es.search(index=filled, **json.loads(query))
    if "aggregations" in answer:
        buckets = {bucket["key"]: bucket["doc_count"] for bucket in answer["aggregations"]["cameras"]["buckets"]}
        assert buckets == {"NIKON D750": 2, "Canon PowerShot S40": 2}
    else:
        assert {hit["_id"] for hit in answer["hits"]["hits"]} == {"postcard", "album"}


def test_the_docs_have_queries() -> None:
    assert len(QUERIES) >= 5


def test_the_place_is_only_roughly_told(es: Elasticsearch, filled: str) -> None:
    place = es.get(index=filled, id="postcard")["_source"]["image"]["metadata"]["location"]
    assert (place["lat"], place["lon"]) != pytest.approx((-33.8569, 151.2111), abs=1e-3)
    assert (place["lat"], place["lon"]) == pytest.approx((-33.8569, 151.2111), abs=0.06)


def test_hashes_are_found_as_they_are(es: Elasticsearch, filled: str) -> None:
    value = es.get(index=filled, id="coins")["_source"]["image"]["perceptual_hash"]
    hits = es.search(index=filled, query={"term": {"image.perceptual_hash": value}})["hits"]["hits"]
    assert {hit["_id"] for hit in hits} == {"coins", "album"}


def test_every_field_is_mapped(es: Elasticsearch, filled: str) -> None:
    """Nothing was left to dynamic mapping."""
    installed = es.indices.get_mapping(index=filled)[filled]["mappings"]["properties"]["image"]
    template = json.loads((ROOT / "pipelines/definitions/index_templates/images.json").read_text())
    assert installed == template["template"]["mappings"]["properties"]["image"]
