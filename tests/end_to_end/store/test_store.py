"""Pictures in a store, on a real node: what documents hold, what is asked for them, what is shown; and faults."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests
from elasticsearch import ApiError, BadRequestError, Elasticsearch
from PIL import Image

from processor_service.web.rendering.access import signed_url
from tests.helpers.nodes import set_hosts
from tests.helpers.pictures import assert_alike, b64, encoded, opened, picture
from tests.helpers.processes import wait_until
from tests.helpers.service import TOKEN, calls, running_service

from .stored import PIPELINE, Stored, image_of, stored_index, stored_service

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
    assert get(stored, f"{index}/a/b", Range=f"bytes={len(data)}-").status_code == 416
    head = get(stored, f"{index}/a/b", "HEAD")
    assert (head.headers["Content-Length"], head.headers["ETag"]) == (str(len(data)), whole.headers["ETag"])
    assert get(stored, f"{index}/a/b", **{"If-None-Match": whole.headers["ETag"]}).status_code == 304
    assert get(stored, f"{index}/a/b?v={image['sha256'][:8]}").headers["Cache-Control"].endswith("immutable")
    assert opened(get(stored, f"{index}/a/b?w=90").content).size == (90, 60)
    signed = signed_url(f"{stored.service.url}/v1/images/{index}/a/b", TOKEN, int(time.time()) + 60)
    assert requests.get(signed, timeout=10).content == data
    assert requests.get(signed.partition("?")[0], timeout=10).status_code == 401
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


def test_a_store_may_give_the_picture_itself(
    es: Elasticsearch, es_url: str, stored: Stored, index: str, tmp_path: Path
) -> None:
    es.index(index=index, id="1", document={"image": {"data": b64(PHOTO)}})
    settings = {"render_indices": "images-*", "elasticsearch_url": es_url, "store_url": stored.url}
    with running_service(tmp_path / "log", workers="1", store_redirect="60", **settings) as service:
        address = f"{service.url}/v1/images/{index}/1"
        answer = requests.get(address, headers=AUTHORIZED, timeout=10, allow_redirects=False)
        if stored.url.startswith("s3:"):
            assert (answer.status_code, answer.headers["Cache-Control"]) == (302, "private, max-age=30")
            given = requests.get(answer.headers["Location"], timeout=10)
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


# Faults: a folder is enough, and can be broken.


@pytest.fixture
def own(es: Elasticsearch, service_url: str, tmp_path: Path) -> Iterator[Stored]:
    """A service and a folder of the test's own."""
    folder = tmp_path / "store"
    folder.mkdir()
    with stored_service(es, service_url, tmp_path, str(folder), workers="2", store_timeout="3") as running:
        yield running


@pytest.fixture
def own_index(es: Elasticsearch, own: Stored) -> Iterator[str]:
    es.ingest.put_pipeline(
        id=PIPELINE,
        processors=[{"image": {"store": "external", "properties": [], "timeout": "8s", "operations": ["auto_orient"]}}],
    )
    with stored_index(es) as name:
        yield name


def pictures(n: int) -> list[bytes]:
    return [encoded(Image.new("RGB", (40 + i, 30), (i % 256, 90, 30)), "JPEG") for i in range(n)]


def test_a_store_that_is_down_stores_nothing_and_comes_back(
    es: Elasticsearch, own: Stored, own_index: str, tmp_path: Path
) -> None:
    folder, away = tmp_path / "store", tmp_path / "away"
    folder.rename(away)
    start = time.monotonic()
    with pytest.raises(ApiError) as refusal:
        # The client itself would send it again.
        es.options(max_retries=0).index(index=own_index, id="1", document={"image": {"data": b64(SMALL)}})
    assert refusal.value.meta.status == 503 and time.monotonic() - start < 20
    assert "store_unavailable" in str(refusal.value.body)
    assert not es.exists(index=own_index, id="1")
    # A document that comes while it is down is stored when it is back in time.
    timer = threading.Timer(2, lambda: away.rename(folder))
    timer.start()
    es.index(index=own_index, id="1", document={"image": {"data": b64(SMALL)}})
    timer.join()
    assert own.bytes_of(image_of(es, own_index))


def test_a_picture_that_is_lost_or_damaged_keeps_its_key(
    es: Elasticsearch, own: Stored, own_index: str, tmp_path: Path
) -> None:
    es.index(index=own_index, id="1", document={"image": {"data": b64(SMALL)}})
    before = image_of(es, own_index)
    path = tmp_path / "store" / before["stored"]
    data = path.read_bytes()
    for fault, code in ((data[:-1] + b"!", "stored_picture_damaged"), (None, "stored_picture_missing")):
        path.unlink() if fault is None else path.write_bytes(fault)
        with pytest.raises(BadRequestError) as refusal:
            es.update(index=own_index, id="1", doc={"image": {"operations": TURN}})
        assert code in str(refusal.value.body)
        assert image_of(es, own_index) == before
    # What needs no picture works without it.
    es.update(index=own_index, id="1", doc={"title": "new"})
    path.write_bytes(data)
    es.update(index=own_index, id="1", doc={"image": {"operations": TURN}})
    assert image_of(es, own_index)["stored"] != before["stored"]


def test_no_document_without_its_picture_when_the_service_is_killed(
    es: Elasticsearch, own: Stored, own_index: str
) -> None:
    """The kills come at any moment, also between the store and the answer."""
    statuses: list[int] = []

    def write(first: int) -> None:
        for number, data in enumerate(pictures(200)[first:], first):
            try:
                es.options(max_retries=0).index(
                    index=own_index, id=str(number), document={"image": {"data": b64(data)}}
                )
                statuses.append(201)
            except ApiError as error:
                statuses.append(error.meta.status)
                return

    def written(enough: int) -> bool:
        return len(statuses) >= enough

    for first in (0, 100):
        writers = [threading.Thread(target=write, args=(first + offset,)) for offset in (0, 30, 60)]
        enough = len(statuses) + 9
        for writer in writers:
            writer.start()
        wait_until(partial(written, enough), 120)
        own.service.kill()
        for writer in writers:
            writer.join()
        own.service.start()
    assert set(statuses) == {201, 503}
    es.indices.refresh(index=own_index)
    hits = es.search(index=own_index, size=200)["hits"]["hits"]
    assert len(hits) > 10
    for hit in hits:
        own.bytes_of(hit["_source"]["image"])


def test_two_writers_of_one_picture(es: Elasticsearch, own: Stored, own_index: str) -> None:
    data = b64(PHOTO)
    failed: list[Exception] = []

    def write(number: int) -> None:
        try:
            es.index(index=own_index, id=str(number), document={"image": {"data": data}})
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert len({image_of(es, own_index, str(number))["stored"] for number in range(8)}) == 1
    assert len(own.keys()) == 1 and own.bytes_of(image_of(es, own_index))


def test_a_service_without_a_store_refuses_the_pipeline_and_others_are_asked(
    es: Elasticsearch, own: Stored, own_index: str, service_url: str
) -> None:
    set_hosts(es, service_url)
    with pytest.raises(BadRequestError) as refusal:
        es.index(index=own_index, id="1", document={"image": {"data": b64(SMALL)}})
    assert "store_off" in str(refusal.value.body) and "IMAGE_STORE_URL" in str(refusal.value.body)
    set_hosts(es, service_url, own.service.url)
    for number in range(4):
        es.index(index=own_index, id=str(number), document={"image": {"data": b64(SMALL)}})
        assert own.bytes_of(image_of(es, own_index, str(number)))
