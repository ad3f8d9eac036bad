"""Pictures in a store, on a real node: what documents hold, what is asked for them, what is shown."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
import requests
from elasticsearch import BadRequestError, Elasticsearch
from PIL import Image

from processor_service.web.rendering.access import signed_url
from tests.helpers.dev_tools import parse
from tests.helpers.documented import the_block
from tests.helpers.pictures import assert_alike, b64, opened, picture
from tests.helpers.service import TOKEN, calls, running_service

from .stored import PIPELINE, Stored, image_of

PHOTO, SMALL = picture("exif-orientation/Landscape_6.jpg"), picture("pillow/hopper.jpg")
AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}
TURN = [{"rotate": {"degrees": 90}}]


def get(stored: Stored, path: str, method: str = "GET", **headers: str) -> requests.Response:
    address = f"{stored.service.url}/v1/images/{path}"
    return requests.request(method, address, headers={**AUTHORIZED, **headers}, timeout=60, allow_redirects=False)


def test_put_returns_after_the_picture_is_in_the_store(es: Elasticsearch, stored: Stored, index: str) -> None:
    es.index(index=index, id="1", document={"title": "A lake", "image": {"data": b64(PHOTO), "caption": "mine"}})
    image = image_of(es, index)
    assert image["stored"] == f"sha256/{image['sha256'][:2]}/{image['sha256'][2:4]}/{image['sha256']}.jpeg"
    assert image["caption"] == "mine" and max(opened(image["thumbnail"]).size) == 256
    kept = opened(stored.bytes_of(image))
    assert (kept.size, dict(kept.getexif())) == ((1800, 1200), {})
    es.indices.refresh(index=index)
    found = es.count(index=index, query={"term": {"image.stored": image["stored"]}})
    assert found["count"] == 1


def test_the_requests_of_the_page_store_the_picture(es: Elasticsearch, es_url: str, stored: Stored, index: str) -> None:
    """As docs/store.md prints them; the picture and the index are the test's."""
    before = es.ingest.get_pipeline(id=PIPELINE).body[PIPELINE]["processors"]
    page = the_block("docs/store.md", "PUT _ingest").text
    assert f"_ingest/pipeline/{PIPELINE}\n" in page and "<base64>" in page
    try:
        for request in parse(page.replace("<base64>", b64(SMALL)).replace(" images/", f" {index}/")):
            answer = request.send(es_url)
            request.check(answer)
        image = answer.json()["_source"]["image"]
        assert opened(stored.bytes_of(image)).size == opened(SMALL).size and image["thumbnail"] and image["colors"]
    finally:
        es.ingest.put_pipeline(id=PIPELINE, processors=before)


def test_an_update_calls_nobody_and_other_wishes_take_the_picture_from_the_store(
    es: Elasticsearch, stored: Stored, index: str
) -> None:
    es.index(index=index, id="1", document={"title": "before", "image": {"data": b64(PHOTO)}})
    first, before = image_of(es, index), calls(stored.service)
    es.update(index=index, id="1", doc={"title": "after"})
    assert (image_of(es, index), calls(stored.service)) == (first, before)
    es.update(index=index, id="1", doc={"image": {"operations": TURN}})
    turned = image_of(es, index)
    assert (turned["width"], turned["height"], turned["original"]) == (1200, 1800, first["original"])
    upright = opened(stored.bytes_of(first)).transpose(Image.Transpose.ROTATE_270)
    assert_alike(opened(stored.bytes_of(turned)), upright, 3)
    es.ingest.put_pipeline(
        id=index, processors=[{"image": {"operations": ["grayscale"], "properties": [], "store": "external"}}]
    )
    try:
        es.index(index=index, id="2", document={"image": first}, pipeline=index)
        gray = image_of(es, index, "2")
        assert opened(stored.bytes_of(gray)).mode == "L" and gray["original"]["sha256"] == first["sha256"]
    finally:
        es.ingest.delete_pipeline(id=index)
    # Another picture, and none.
    es.update(index=index, id="1", doc={"image": {"data": b64(SMALL)}})
    assert image_of(es, index)["width"] == 128
    es.update(index=index, id="1", doc={"image": {"data": None}})
    assert image_of(es, index) == {}


def test_lists_and_targets_of_their_own(es: Elasticsearch, stored: Stored, index: str) -> None:
    es.index(index=index, id="1", document={"image": [{"data": b64(SMALL)}, b64(PHOTO)]})
    images = image_of(es, index)
    assert [opened(stored.bytes_of(image)).width for image in images] == [128, 1800]
    before = calls(stored.service)
    es.update(index=index, id="1", doc={"title": "new"})
    assert (image_of(es, index), calls(stored.service)) == (images, before)
    options = {"field": "photo", "target_field": "image", "remove_binary": True, "store": "external"}
    es.ingest.put_pipeline(id=index, processors=[{"image": options}])
    try:
        es.index(index=index, id="2", document={"photo": b64(SMALL)}, pipeline=index)
        source = es.get(index=index, id="2")["_source"]
        assert "photo" not in source and opened(stored.bytes_of(source["image"])).width == 128
        es.index(index=index, id="2", document={**source, "title": "new"}, pipeline=index)
        assert image_of(es, index, "2")["stored"] == source["image"]["stored"]
    finally:
        es.ingest.delete_pipeline(id=index)


def test_a_key_of_another_picture_is_refused(es: Elasticsearch, stored: Stored, index: str) -> None:
    for id, data in (("1", PHOTO), ("2", SMALL)):
        es.index(index=index, id=id, document={"image": {"data": b64(data)}})
    one, other = image_of(es, index), image_of(es, index, "2")
    for forged in (
        {**one, "stored": other["stored"]},
        {**one, "stored": other["stored"], "sha256": other["sha256"]},
        {"stored": other["stored"]},
        {**one, "mark": other["mark"], "operations": TURN},
    ):
        with pytest.raises(BadRequestError) as refusal:
            es.index(index=index, id="3", document={"image": forged})
        assert "stored_not_signed" in str(refusal.value.body)


def test_pictures_move_into_the_store_and_back(es: Elasticsearch, stored: Stored, index: str) -> None:
    es.index(index=index, id="1", document={"image": {"data": b64(PHOTO)}}, pipeline="images")
    inside = image_of(es, index)
    es.index(index=index, id="1", document={"image": inside})
    moved = image_of(es, index)
    assert b64(stored.bytes_of(moved)) == inside["data"]
    es.index(index=index, id="1", document={"image": moved}, pipeline="images")
    back = image_of(es, index)
    assert (back["data"], back["original"], "stored" in back) == (inside["data"], inside["original"], False)


def test_a_stored_picture_is_shown_in_whole_in_part_and_rendered(es: Elasticsearch, stored: Stored, index: str) -> None:
    es.index(index=index, id="a/b", document={"image": {"data": b64(PHOTO)}})
    image = image_of(es, index, "a/b")
    data = stored.bytes_of(image)
    whole = get(stored, f"{index}/a/b")
    assert (whole.content, whole.headers["Content-Type"]) == (data, "image/jpeg")
    assert whole.headers["X-Content-Type-Options"] == "nosniff" and whole.headers["Accept-Ranges"] == "bytes"
    part = get(stored, f"{index}/a/b", Range="bytes=10-19")
    assert (part.status_code, part.content) == (206, data[10:20])
    assert part.headers["Content-Range"] == f"bytes 10-19/{len(data)}"
    beyond = get(stored, f"{index}/a/b", Range=f"bytes={len(data)}-")
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, f"bytes */{len(data)}")
    for ignored in ("bytes=0-1,5-6", "bytes=abc", "items=0-5", "bytes=9-2"):
        assert get(stored, f"{index}/a/b", Range=ignored).content == data
    assert get(stored, f"{index}/a/b", "HEAD", Range="bytes=10-19").status_code == 200
    head = get(stored, f"{index}/a/b", "HEAD")
    assert (head.headers["Content-Length"], head.headers["ETag"]) == (str(len(data)), whole.headers["ETag"])
    assert get(stored, f"{index}/a/b", **{"If-None-Match": whole.headers["ETag"]}).status_code == 304
    assert get(stored, f"{index}/a/b?v={image['sha256'][:8]}").headers["Cache-Control"].endswith("immutable")
    assert opened(get(stored, f"{index}/a/b?w=90").content).size == (90, 60)
    signed = signed_url(f"{stored.service.url}/v1/images/{index}/a/b", TOKEN, int(time.time()) + 60)
    assert requests.get(signed, timeout=60).content == data
    assert requests.get(signed.partition("?")[0], timeout=60).status_code == 401
    # A list: each by its number.
    es.index(index=index, id="2", document={"image": [{"data": b64(SMALL)}, {"data": b64(PHOTO)}]})
    assert get(stored, f"{index}/2?n=1").content == data


def test_a_document_that_names_a_picture_without_a_mark_shows_nothing(
    es: Elasticsearch, stored: Stored, index: str
) -> None:
    es.index(index=index, id="1", document={"image": {"data": b64(PHOTO)}})
    image = image_of(es, index)
    for id, forged in enumerate(({"stored": image["stored"], "sha256": image["sha256"]}, {**image, "mark": "0" * 64})):
        es.index(index=index, id=f"x{id}", document={"image": forged}, pipeline="_none")
        assert get(stored, f"{index}/x{id}").status_code == 404
        assert get(stored, f"{index}/x{id}?w=10").status_code == 404
    # What says which picture it is, is what is signed.
    whole = get(stored, f"{index}/1")
    es.index(index=index, id="y", document={"image": {**image, "sha256": "0" * 64}}, pipeline="_none")
    other = get(stored, f"{index}/y?v=00000000")
    assert other.content == whole.content and "immutable" not in other.headers["Cache-Control"]
    assert other.headers["ETag"] == whole.headers["ETag"]


def test_a_store_may_give_the_picture_itself(
    es: Elasticsearch, es_url: str, stored: Stored, index: str, tmp_path: Path
) -> None:
    es.index(index=index, id="1", document={"image": {"data": b64(PHOTO)}})
    settings = {"render_indices": "images-*", "elasticsearch_url": es_url, "store_url": stored.url}
    with running_service(tmp_path / "log", workers="1", store_redirect="60", **settings) as service:
        address = f"{service.url}/v1/images/{index}/1"
        answer = requests.get(address, headers=AUTHORIZED, timeout=60, allow_redirects=False)
        if stored.url.startswith("s3:"):
            assert (answer.status_code, answer.headers["Cache-Control"]) == (302, "private, max-age=30")
            assert "ETag" not in answer.headers
            head = requests.head(address, headers=AUTHORIZED, timeout=60)
            assert (head.status_code, head.headers["Content-Type"]) == (200, "image/jpeg")
            given = requests.get(answer.headers["Location"], timeout=60)
            assert given.content == stored.bytes_of(image_of(es, index))
            assert given.headers["Content-Type"] == "image/jpeg"
        else:
            # A folder has no addresses.
            assert answer.content == stored.bytes_of(image_of(es, index))
        assert requests.get(f"{address}?w=90", headers=AUTHORIZED, timeout=60).status_code == 200


def test_an_original_is_kept_shown_and_begun_with(es: Elasticsearch, stored: Stored, index: str) -> None:
    options: dict[str, Any] = {"properties": [], "store": "external", "originals": "external"}
    gray = {**options, "operations": ["auto_orient", "grayscale"]}
    es.ingest.put_pipeline(id=index, processors=[{"image": gray}])
    try:
        es.index(index=index, id="1", document={"image": {"data": b64(PHOTO)}}, pipeline=index)
        first = image_of(es, index)
        assert stored.pictures.get(first["original"]["stored"], 10_000_000) == PHOTO
        assert get(stored, f"{index}/1?original=1").content == PHOTO
        assert get(stored, f"{index}/1/original").content == PHOTO
        assert opened(get(stored, f"{index}/1?original=1&w=90").content).mode == "RGB"
        assert opened(get(stored, f"{index}/1").content).mode == "L"
        # Colour comes back, as the new recipe begins with what came in.
        es.ingest.put_pipeline(id=index, processors=[{"image": {**options, "operations": ["auto_orient"]}}])
        es.index(index=index, id="1", document={"image": first}, pipeline=index)
        again = image_of(es, index)
        assert opened(stored.bytes_of(again)).mode == "RGB"
        assert again["original"] == first["original"]
        es.index(index=index, id="2", document={"image": {"data": b64(PHOTO)}})
        assert get(stored, f"{index}/2?original=1").status_code == 404
        assert get(stored, f"{index}/2/original").status_code == 404
    finally:
        es.ingest.delete_pipeline(id=index)


def test_pictures_of_documents_without_a_store_stay_where_they_are(
    es: Elasticsearch, stored: Stored, index: str
) -> None:
    before = stored.keys()
    es.index(index=index, id="1", document={"image": {"data": b64(picture("pillow/flower.jpg"))}}, pipeline="images")
    assert "stored" not in image_of(es, index) and stored.keys() == before
