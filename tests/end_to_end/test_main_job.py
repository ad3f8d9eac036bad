"""What a user does with plain requests, on a real node: index, bulk, update, simulate, search."""

from __future__ import annotations

import io
import json
from typing import Any
from urllib.parse import quote

import cbor2
import pytest
import requests
from elasticsearch import Elasticsearch
from PIL import Image

from tests.helpers.nodes import source
from tests.helpers.pictures import assert_alike, b64, difference, encoded, opened, picture
from tests.helpers.service import Service, calls

PHOTO = picture("exif-orientation/Landscape_6.jpg")
SMALL = picture("pillow/hopper.jpg")


def test_put_returns_after_the_picture_is_processed(es: Elasticsearch, es_url: str, index: str) -> None:
    # As Dev Tools sends it.
    answer = requests.put(
        f"{es_url}/{index}/_doc/1", json={"title": "A lake", "image": {"data": b64(PHOTO)}}, timeout=60
    )
    assert (answer.status_code, answer.json()["result"]) == (201, "created")
    assert answer.headers["X-elastic-product"] == "Elasticsearch"
    image = requests.get(f"{es_url}/{index}/_doc/1", timeout=60).json()["_source"]["image"]
    assert (image["format"], image["width"], image["height"]) == ("jpeg", 1800, 1200)
    assert (image["original"]["width"], image["original"]["height"]) == (1200, 1800)
    assert opened(image["data"]).size == (1800, 1200)
    assert opened(image["data"]).getexif() == {}
    assert max(opened(image["thumbnail"]).size) == 256
    assert image["colors"] and image["color_names"]
    assert "error" not in image and "operations" not in image


@pytest.mark.parametrize(
    "shape", ["object", "string", "data_url", "odd_data_url", "percent_encoded", "lines", "urlsafe"]
)
def test_every_way_to_write_a_picture(es: Elasticsearch, index: str, shape: str) -> None:
    text = b64(SMALL)
    lines = "\n".join(text[i : i + 76] for i in range(0, len(text), 76))
    value: Any = {
        "object": {"data": text},
        "string": text,
        "data_url": {"data": "data:image/jpeg;base64," + text},
        "odd_data_url": '\n DATA:image/jpeg;name="a,b;c.jpg"; Base64 , ' + text,
        "percent_encoded": "data:;base64," + quote(text, safe=""),
        "lines": {"data": lines},
        "urlsafe": text.replace("+", "-").replace("/", "_"),
    }[shape]
    es.index(index=index, id="1", document={"image": value})
    image = source(es, index)["image"]
    assert (image["width"], image["height"]) == (128, 128)
    assert_alike(opened(image["data"]), opened(SMALL), 6)
    # Written in any of these ways, a picture that is normalized already is known, and stored as nothing but base64.
    plain = image["data"]
    written = {"data_url": "data:image/jpeg;base64,", "odd_data_url": "DATA:;Base64, ", "lines": "\n"}.get(shape, "")
    es.update(index=index, id="1", doc={"image": {"data": written + plain}})
    assert source(es, index)["image"] == image


@pytest.mark.parametrize("value", [{"data": SMALL}, SMALL], ids=["object", "bare"])
def test_cbor_byte_strings(es: Elasticsearch, es_url: str, index: str, value: Any) -> None:
    answer = requests.put(
        f"{es_url}/{index}/_doc/1",
        data=cbor2.dumps({"image": value}),
        headers={"Content-Type": "application/cbor", "Accept": "application/json"},
        timeout=60,
    )
    assert answer.status_code == 201, answer.text[:300]
    assert source(es, index)["image"]["width"] == 128


def test_a_list_of_pictures_keeps_its_order(es: Elasticsearch, index: str) -> None:
    sizes = [(40, 20), (20, 40), (30, 30), (64, 8)]
    pictures = [encoded(Image.new("RGB", size, "teal")) for size in sizes]
    values: list[Any] = [
        {"data": b64(data), "caption": f"picture {i}"} if i % 2 else b64(data) for i, data in enumerate(pictures)
    ]
    es.index(index=index, id="1", document={"image": values}, refresh=True)
    images = source(es, index)["image"]
    assert [(image["width"], image["height"]) for image in images] == sizes
    assert images[1]["caption"] == "picture 1"
    assert es.count(index=index, q="image.orientation:portrait")["count"] == 1


def test_a_picture_with_alpha_stays_png(es: Elasticsearch, index: str) -> None:
    es.index(index=index, id="1", document={"image": {"data": b64(picture("golang-image/gopher-doc.with-alpha.png"))}})
    image = source(es, index)["image"]
    assert (image["format"], image["has_alpha"]) == ("png", True)
    assert difference(opened(image["data"]), opened(picture("golang-image/gopher-doc.with-alpha.png"))) < 1


def test_a_document_without_a_picture_is_stored_as_it_is(es: Elasticsearch, index: str) -> None:
    es.index(index=index, id="1", document={"title": "no picture"})
    es.index(index=index, id="2", document={"title": "null", "image": None})
    assert source(es, index) == {"title": "no picture"}
    assert source(es, index, "2") == {"title": "null", "image": None}


@pytest.mark.parametrize("n", [500])
def test_a_bulk_of_good_bad_and_missing_pictures(es: Elasticsearch, es_url: str, index: str, n: int) -> None:
    """Each item has its own fate, under `record` and under `fail`."""

    def document(i: int) -> dict[str, Any]:
        kind = i % 5
        if kind == 3:
            return {"title": f"{i}", "image": {"data": b64(b"no picture at all")}}
        if kind == 4:
            return {"title": f"{i}"}
        return {
            "title": f"{i}",
            "image": {"data": b64(encoded(Image.new("RGB", (50 + i, 40), (i % 256, 90, 30)), "JPEG"))},
        }

    lines = "".join(
        json.dumps({"index": {"_index": index, "_id": str(i)}}) + "\n" + json.dumps(document(i)) + "\n"
        for i in range(n)
    )
    answer = requests.post(
        f"{es_url}/_bulk?refresh=true", data=lines, headers={"Content-Type": "application/x-ndjson"}, timeout=120
    ).json()
    assert [item["index"]["status"] for item in answer["items"]] == [201] * n
    found = es.search(index=index, size=n, source_includes=["title", "image.width", "image.error.code"])["hits"]["hits"]
    assert len(found) == n
    for hit in found:
        i, image = int(hit["_source"]["title"]), hit["_source"].get("image", {})
        assert image.get("width") == (50 + i if i % 5 < 3 else None)
        assert image.get("error", {}).get("code") == ("not_an_image" if i % 5 == 3 else None)

    es.ingest.put_pipeline(id=f"strict-{index}", processors=[{"image": {"ignore_missing": False, "properties": []}}])
    answer = requests.post(
        f"{es_url}/_bulk?pipeline=strict-{index}",
        data=lines.replace(f'"_index": "{index}"', f'"_index": "{index}-strict"'),
        headers={"Content-Type": "application/x-ndjson"},
        timeout=120,
    ).json()
    assert [item["index"]["status"] for item in answer["items"]] == [201 if i % 5 < 3 else 400 for i in range(n)]
    reasons = [item["index"]["error"]["reason"] for item in answer["items"] if item["index"]["status"] == 400]
    assert all("not_an_image" in reason or "not present" in reason for reason in reasons), reasons[:3]
    es.indices.delete(index=f"{index}-strict")
    es.ingest.delete_pipeline(id=f"strict-{index}")


def test_an_update_of_the_title_calls_nobody_and_changes_no_byte(
    es: Elasticsearch, index: str, service: Service
) -> None:
    es.index(index=index, id="1", document={"title": "before", "image": {"data": b64(PHOTO)}})
    stored, before = source(es, index)["image"], calls(service)
    es.update(index=index, id="1", doc={"title": "after"})
    assert calls(service) == before
    # Indexing the document as it was read back is the same, but that from 9.2 on it comes without its vector, which is made anew.
    es.index(index=index, id="2", document={"title": "copy", "image": stored})
    assert calls(service) == before + ("embedding" not in stored)
    assert source(es, index) == {"title": "after", "image": stored}
    assert source(es, index, "2")["image"] == stored


def test_a_forged_mark_is_not_believed(es: Elasticsearch, index: str, service: Service) -> None:
    es.index(index=index, id="1", document={"image": {"data": b64(SMALL)}})
    stored = source(es, index)["image"]
    before = calls(service)
    for number, forged in enumerate(
        [
            {**stored, "data": b64(PHOTO)},  # another picture under a true mark
            {**stored, "data": b64(PHOTO), "mark": "0" * 64},
            {**stored, "mark": stored["mark"][:-1] + ("0" if stored["mark"][-1] != "0" else "1")},
            {**stored, "data": b64(PHOTO), "mark": 7},
        ]
    ):
        es.index(index=index, id="2", document={"image": forged})
        image = source(es, index, "2")["image"]
        assert calls(service) == before + number + 1
        assert opened(image["data"]).getexif() == {}
        assert image["mark"] != forged["mark"] or forged["data"] == stored["data"]
        assert (image["width"], image["height"]) == ((1800, 1200) if forged["data"] != stored["data"] else (128, 128))


def test_another_picture_leaves_nothing_of_the_first(es: Elasticsearch, index: str) -> None:
    es.index(index=index, id="1", document={"image": {"data": b64(PHOTO), "caption": "mine"}})
    es.update(index=index, id="1", doc={"image": {"data": b64(b"broken")}})
    image = source(es, index)["image"]
    assert image["error"]["code"] == "not_an_image"
    assert set(image) == {"caption", "error"}
    es.update(index=index, id="1", doc={"image": {"data": b64(SMALL)}})
    image = source(es, index)["image"]
    assert "error" not in image and image["width"] == 128 and image["caption"] == "mine"


def test_simulate_shows_the_result_and_stores_nothing(es: Elasticsearch, es_url: str, index: str) -> None:
    body = {"docs": [{"_index": index, "_source": {"image": {"data": b64(PHOTO)}}}]}
    answer = requests.post(f"{es_url}/_ingest/pipeline/images/_simulate", json=body, timeout=60).json()
    assert answer["docs"][0]["doc"]["_source"]["image"]["width"] == 1800
    assert not es.indices.exists(index=index)


def test_words_and_fields_find_pictures(es: Elasticsearch, index: str) -> None:
    documents = {
        "lake": {"title": "A lake in the mountains", "image": {"data": b64(PHOTO)}},
        "hopper": {"title": "Grace Hopper", "image": {"data": b64(SMALL)}},
        "gopher": {"title": "A gopher", "image": {"data": b64(picture("golang-image/gopher-doc.with-alpha.png"))}},
        "broken": {"title": "A broken picture", "image": {"data": b64(b"broken")}},
    }
    for id, document in documents.items():
        es.index(index=index, id=id, document=document)
    es.indices.refresh(index=index)

    def found(query: str) -> set[str]:
        hits = es.search(index=index, query={"query_string": {"query": query}})["hits"]["hits"]
        return {hit["_id"] for hit in hits}

    assert found("mountains") == {"lake"}
    assert found("jpeg AND landscape") == {"lake"}
    assert found("image.width:>1000") == {"lake"}
    assert found("png") == {"gopher"}
    assert found("image.has_alpha:true") == {"gopher"}
    assert found("image.error.code:not_an_image") == {"broken"}
    assert found("image.original.format:jpeg") == {"lake", "hopper"}

    aggregations = es.search(
        index=index,
        size=0,
        aggs={
            "formats": {"terms": {"field": "image.format"}},
            "orientations": {"terms": {"field": "image.orientation"}},
            "sizes": {"terms": {"field": "image.size_class"}},
            "errors": {"terms": {"field": "image.error.code"}},
        },
    )["aggregations"]
    counts = {name: {b["key"]: b["doc_count"] for b in found["buckets"]} for name, found in aggregations.items()}
    assert counts["formats"] == {"jpeg": 2, "png": 1}
    assert sum(counts["orientations"].values()) == 3
    assert counts["sizes"]["large"] == 1
    assert counts["errors"] == {"not_an_image": 1}


def test_search_retrieve_process_from_python(es: Elasticsearch, index: str) -> None:
    """The three lines with which this project started."""
    es.index(index=index, document={"title": "sunset at the beach", "image": {"data": b64(PHOTO)}}, refresh=True)
    hits = es.search(index=index, query={"query_string": {"query": "sunset"}})["hits"]["hits"]
    image = opened(hits[0]["_source"]["image"]["data"])
    buffer = io.BytesIO()
    image.rotate(45).resize((100, 100)).save(buffer, "PNG")
    assert buffer.getvalue()


def test_the_official_client_of_the_node_s_own_line(es: Elasticsearch, es_url: str, es_version: str) -> None:
    info = es.info()
    assert info["version"]["number"] == es_version
    assert info["tagline"] == "You Know, for Search"
