"""The fields of pictures on a real node: the mapping takes them, in lists too."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Iterator
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from PIL import ExifTags, Image

from tests.helpers.paths import ROOT
from tests.helpers.pictures import b64, encoded, picture
from tests.helpers.searchable_picture import postcard
from tests.helpers.service import Service

PROPERTIES = ["colors", "statistics", {"metadata": {"location": "coarse"}}, "perceptual_hash", "placeholder"]


def fields(service: Service, data: bytes, position: int = 0) -> dict[str, Any]:
    answer = service.process_picture(data, operations=["strip_metadata"], properties=PROPERTIES, position=position)
    assert answer.status_code == 200, answer.text
    return {name: value for name, value in answer.json()["fields"].items() if value is not None}


@pytest.fixture(scope="module")
def filled(es: Elasticsearch, service: Service) -> Iterator[str]:
    """An index of our template with a postcard, two other pictures, and a document that has all three in a list."""
    index = "images-findable"
    files = {"postcard": postcard(), "flower": picture("pillow/flower.jpg"), "coins": picture("skimage/coins.png")}
    images: dict[str, Any] = {id: fields(service, data) for id, data in files.items()}
    images["album"] = [fields(service, data, position) for position, data in enumerate(files.values())]
    for id, image in images.items():
        es.index(index=index, id=id, document={"image": image}, pipeline="_none")
    es.indices.refresh(index=index)
    yield index
    es.indices.delete(index=index)


def test_the_place_is_only_roughly_told(es: Elasticsearch, filled: str) -> None:
    place = es.get(index=filled, id="postcard")["_source"]["image"]["metadata"]["location"]
    assert (place["lat"], place["lon"]) != pytest.approx((-33.8569, 151.2111), abs=1e-3)
    assert (place["lat"], place["lon"]) == pytest.approx((-33.8569, 151.2111), abs=0.06)


def test_hashes_are_found_as_they_are(es: Elasticsearch, filled: str) -> None:
    value = es.get(index=filled, id="coins")["_source"]["image"]["perceptual_hashes"]["hex"]
    same = {"term": {"image.perceptual_hashes.hex": value}}
    hits = es.search(index=filled, query={"nested": {"path": "image.perceptual_hashes", "query": same}})["hits"]["hits"]
    assert {hit["_id"] for hit in hits} == {"coins", "album"}


def test_every_field_is_mapped(es: Elasticsearch, filled: str) -> None:
    """Nothing was left to dynamic mapping."""
    installed = es.indices.get_mapping(index=filled)[filled]["mappings"]["properties"]["image"]
    template = json.loads((ROOT / "pipelines/definitions/index_templates/images.json").read_text())
    assert installed == template["template"]["mappings"]["properties"]["image"]


def captioned() -> bytes:
    """Words in IPTC (as agencies write them) and in XMP (as Lightroom does), and a place in EXIF."""
    title = '<rdf:Alt><rdf:li xml:lang="x-default">Aurora over the fjord</rdf:li></rdf:Alt>'
    packet = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><rdf:Description rdf:about="">'
        f"<dc:title>{title}</dc:title></rdf:Description></rdf:RDF></x:xmpmeta>"
    )
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.GPSInfo).update({1: "N", 2: (60.0, 23.0, 0.0), 3: "E", 4: (5.0, 20.0, 0.0)})
    data = encoded(Image.effect_noise((300, 200), 40), "JPEG", xmp=packet.encode(), exif=exif.tobytes())
    words = ((25, "nocturne"), (25, "northern lights"), (120, "Fishing boats at anchor"), (116, "© Ågot Lund"))
    records = b"".join(
        bytes([0x1C, 2, number]) + struct.pack(">H", len(text.encode())) + text.encode() for number, text in words
    )
    resource = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(records)) + records + bytes(len(records) % 2)
    segment = b"Photoshop 3.0\0" + resource
    return data[:2] + b"\xff\xed" + struct.pack(">H", len(segment) + 2) + segment + data[2:]


def test_words_in_the_picture_are_found_by_a_plain_search_and_are_not_in_its_bytes(
    es: Elasticsearch, index: str
) -> None:
    """Through the pipeline `images` as it is installed; a document without any words of its own."""
    es.index(index=index, id="1", document={"image": {"data": b64(captioned())}}, refresh=True)
    for word in ("nocturne", '"northern lights"', "fjord", "boats", "Lund"):
        assert es.search(index=index, q=word)["hits"]["total"]["value"] == 1, word
    assert es.search(index=index, q="daylight")["hits"]["total"]["value"] == 0
    image = es.get(index=index, id="1")["_source"]["image"]
    assert image["metadata"]["keywords"] == ["nocturne", "northern lights"]
    assert "location" not in image["metadata"]
    stored = base64.b64decode(image["data"])
    assert not any(word in stored for word in (b"nocturne", b"Aurora", b"GPS", b"Exif", b"8BIM"))
