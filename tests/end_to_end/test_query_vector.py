"""A picture as the question of a plain kNN search, on a real node of each version."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Iterator
from typing import Any

import cbor2
import pytest
import requests
from elasticsearch import BadRequestError, Elasticsearch, NotFoundError
from PIL import Image

from tests.helpers import tiny_model
from tests.helpers.nodes import set_hosts
from tests.helpers.paths import ROOT
from tests.helpers.pictures import b64, encoded, opened, picture
from tests.helpers.ports import free_port
from tests.helpers.service import Service
from tests.helpers.vector_questions import NAMES, copies, hits, knn, near_copy


@pytest.fixture(scope="module")
def filled(es: Elasticsearch) -> Iterator[str]:
    """An index with four pictures, and an album that has two of them in a list."""
    index = "images-likeness"
    for name in NAMES:
        es.index(index=index, id=name, document={"image": {"data": b64(picture(name))}})
    es.index(index=index, id="album", document={"image": [{"data": b64(picture(name))} for name in NAMES[2:]]})
    es.index(index=index, id="nothing", document={"title": "no picture"})
    es.indices.refresh(index=index)
    yield index
    es.indices.delete(index=index)


def test_the_vector_is_as_long_as_the_embedder_makes_it(es: Elasticsearch, filled: str) -> None:
    field = es.indices.get_mapping(index=filled)[filled]["mappings"]["properties"]["image"]["properties"]["embedding"]
    assert (field["dims"], field["similarity"], field["index_options"]["type"]) == (282, "cosine", "int8_hnsw")


def test_a_near_copy_finds_its_original(es: Elasticsearch, filled: str) -> None:
    for name in (NAMES[1], NAMES[3]):
        assert hits(es, filled, {"data": near_copy(name)})[0][0] == name


def test_the_same_picture_by_data_and_by_id(es: Elasticsearch, filled: str) -> None:
    by_data = hits(es, filled, {"data": b64(picture(NAMES[1]))})
    by_id = hits(es, filled, {"id": NAMES[1], "index": filled})
    assert by_id[0][0] == NAMES[1]
    assert by_id[0][1] == pytest.approx(1, abs=0.02), "int8 is not exact"
    assert [id for id, _ in by_data] == [id for id, _ in by_id]
    assert dict(by_data) == pytest.approx(dict(by_id), abs=0.01)


def test_the_first_of_a_list_has_the_vector(es: Elasticsearch, filled: str) -> None:
    found = hits(es, filled, {"id": "album", "index": filled, "embedder": "builtin-v1"})
    assert {id for id, score in found if score > 0.97} == {"album", NAMES[2]}
    album = es.get(index=filled, id="album")["_source"]["image"]
    assert ["hex" in image["perceptual_hashes"] for image in album] == [True, True]
    assert ["embedder" in image for image in album] == [True, False]
    first, second = (image["perceptual_hashes"]["hex"] for image in album)
    assert copies(es, filled, first, "image.perceptual_hash") == {"album", NAMES[2]}
    assert copies(es, filled, second, "image.perceptual_hash") == {NAMES[3]}
    assert copies(es, filled, second, "image.perceptual_hashes.bits") == {"album", NAMES[3]}


def test_inside_a_query_with_filters(es: Elasticsearch, filled: str) -> None:
    inner = {"knn": {**knn({"data": near_copy(NAMES[1])}), "filter": {"term": {"image.embedder": "builtin-v1"}}}}
    found = es.search(index=filled, query={"bool": {"must": [inner], "must_not": [{"term": {"_id": NAMES[1]}}]}})[
        "hits"
    ]["hits"]
    assert found and all(hit["_id"] != NAMES[1] for hit in found)


def test_bytes_as_they_are(es_url: str, filled: str) -> None:
    """CBOR carries the picture without base64."""
    body = cbor2.dumps({"knn": knn({"data": picture(NAMES[1])})})
    answer = requests.post(
        f"{es_url}/{filled}/_search",
        data=body,
        headers={"Content-Type": "application/cbor", "Accept": "application/json"},
        timeout=60,
    )
    assert answer.json()["hits"]["hits"][0]["_id"] == NAMES[1]


@pytest.mark.parametrize(
    ("builder", "complaint"),
    [
        ({}, "needs exactly one of [data, id, text]"),
        ({"data": "AAAA", "id": "1", "index": "x"}, "needs exactly one of [data, id, text]"),
        (
            {"data": "AAAA", "size": 3},
            "unknown key [size]; valid are [data, embedder, field, id, index, routing, text, vector]",
        ),
        ({"data": 5}, "needs a string for [data]"),
        ({"data": "AAAA", "index": "x"}, "knows [index] together with [id] only"),
        ({"data": "AAAA", "vector": "colors"}, "vector must be one of `embedding`, `perceptual_hash`, `face`"),
        ({"id": "1"}, "needs the [index]"),
        ({"data": b64(b"no picture at all")}, "[not_an_image]"),
        ({"data": "%%%"}, "[invalid_base64]"),
        ({"text": "a cat"}, "[no_text_embedder]"),
        (
            {"data": b64(picture("pillow/flower.jpg")), "embedder": "clip"},
            "wants a vector of the embedder [clip], but it is one of [builtin-v1]",
        ),
        ({"id": "nothing", "index": "images-likeness"}, "finds no vector in [image.embedding] of document [nothing]"),
        ({"id": NAMES[1], "index": "images-likeness", "field": "image.colors"}, "no vector"),
    ],
)
def test_a_wrong_question_is_refused(es: Elasticsearch, filled: str, builder: dict[str, Any], complaint: str) -> None:
    assert_refused(es, filled, builder, complaint)


def test_a_question_with_too_large_a_picture_is_refused(es: Elasticsearch, filled: str) -> None:
    """Whatever the heap: at most 45 MB are accepted."""
    assert_refused(es, filled, {"data": "A" * 64_000_000}, "[image_too_large]")


def assert_refused(es: Elasticsearch, filled: str, builder: dict[str, Any], complaint: str) -> None:
    with pytest.raises(BadRequestError) as error:
        hits(es, filled, builder)
    assert complaint in str(error.value.body)
    assert "AAAAAAAA" not in str(error.value.body), "pictures are not printed"


def test_a_document_that_is_not_there(es: Elasticsearch, filled: str) -> None:
    with pytest.raises(NotFoundError, match="there is no document"):
        hits(es, filled, {"id": "404", "index": filled})


@pytest.fixture(scope="session")
def tiny_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service whose embedder is another one, and knows words."""
    with tiny_model.running_with_it(tmp_path_factory.mktemp("tiny")) as running:
        yield running


@pytest.fixture
def tiny_embedder(es: Elasticsearch, service: Service, tiny_service: Service) -> Iterator[None]:
    set_hosts(es, tiny_service.url)
    yield
    set_hosts(es, service.url)


@pytest.mark.usefixtures("tiny_embedder")
def test_a_vector_of_another_length_is_refused(es: Elasticsearch, filled: str) -> None:
    """Of another embedder, at search time and at index time."""
    with pytest.raises(BadRequestError, match="dimension"):
        hits(es, filled, {"text": "red"})
    with pytest.raises(BadRequestError, match="dim"):
        es.index(index=filled, id="other", document={"image": {"data": b64(picture(NAMES[1]))}})


@pytest.mark.usefixtures("tiny_embedder")
def test_words_find_pictures(es: Elasticsearch, index: str) -> None:
    for color, value in {"red": "#e02010", "green": "#10e020", "blue": "#1020e0"}.items():
        es.index(index=index, id=color, document={"image": {"data": b64(encoded(Image.new("RGB", (64, 64), value)))}})
    es.indices.refresh(index=index)
    assert hits(es, index, {"text": "green"})[0][0] == "green"
    assert {id for id, _ in hits(es, index, {"text": "Blue or red", "embedder": tiny_model.LABEL}, k=2)} == {
        "red",
        "blue",
    }


def test_no_service_is_503_within_the_time_for_searches(
    es: Elasticsearch, es_url: str, filled: str, service: Service
) -> None:
    es.cluster.put_settings(persistent={"ingest.image.search_timeout": "2s"})
    set_hosts(es, f"http://127.0.0.1:{free_port()}")
    try:
        start = time.monotonic()
        answer = requests.post(
            f"{es_url}/{filled}/_search", json={"knn": knn({"data": b64(picture(NAMES[1]))})}, timeout=120
        )
        # Documents have a minute.
        assert (answer.status_code, time.monotonic() - start < 50) == (503, True), answer.text
        assert "[service_unavailable]" in answer.text and "[2s]" in answer.text
        assert hits(es, filled, {"id": NAMES[1], "index": filled})[0][1] > 0.97, "a stored picture needs no service"
    finally:
        es.cluster.put_settings(persistent={"ingest.image.search_timeout": None})
        set_hosts(es, service.url)


def test_the_search_is_known_by_its_opaque_id(es_url: str, filled: str, service: Service) -> None:
    body = {"knn": knn({"data": b64(picture(NAMES[1]))})}
    answer = requests.post(f"{es_url}/{filled}/_search", json=body, headers={"X-Opaque-Id": "who-asks-17"}, timeout=60)
    assert answer.ok and answer.headers["X-elastic-product"] == "Elasticsearch"
    assert any("who-asks-17" in line and "builtin-v1" in line for line in service.log.read_text().splitlines())


def test_the_hash_by_a_picture_and_by_a_stored_one(es: Elasticsearch, filled: str) -> None:
    """Bits of a hash go as signed bytes; the score says in how many of 256 they differ."""
    resized = b64(encoded(opened(picture(NAMES[1])).convert("RGB").resize((320, 200)), "JPEG", quality=50))
    for question in (
        {"data": resized, "vector": "perceptual_hash", "embedder": "pdq"},
        {"id": NAMES[1], "index": filled, "field": "image.perceptual_hash"},
        {"id": NAMES[1], "index": filled, "field": "image.perceptual_hashes.hex"},
    ):
        for field in ("image.perceptual_hash", "image.perceptual_hashes.bits"):
            search = {**knn(question), "field": field, "similarity": 31}
            found = es.search(index=filled, knn=search, source=False)["hits"]["hits"]
            assert [hit["_id"] for hit in found] == [NAMES[1]]
            assert 256 * (1 - found[0]["_score"]) <= 31


def test_pictures_that_come_in_are_turned_upright(es: Elasticsearch, filled: str) -> None:
    """The question is as it came from the camera, the stored picture upright."""
    assert Image.open(io.BytesIO(picture(NAMES[0]))).getexif()[274] == 6
    assert hits(es, filled, {"data": b64(picture(NAMES[0]))})[0][1] > 0.99


def test_no_query_that_we_show_compares_vectors_of_different_embedders() -> None:
    files = [*(ROOT / "docs").glob("*.md"), *(ROOT / "pipelines/console").glob("*.console")]
    requests_ = [part for file in files for part in re.split(r"\n(?=GET |POST )|```", file.read_text())]
    asked = [part for part in requests_ if re.search(r'"field": "image\.embedding"', part) and "{\n" in part]
    assert len(asked) >= 6
    assert [part for part in asked if '"filter": {"term": {"image.embedder"' not in part] == []
