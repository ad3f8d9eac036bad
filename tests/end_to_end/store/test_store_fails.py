"""Stores that are down, pictures that are lost, services that are killed, writers that meet."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from elasticsearch import ApiError, BadRequestError, Elasticsearch
from PIL import Image

from tests.helpers.nodes import set_hosts
from tests.helpers.pictures import b64, encoded, picture
from tests.helpers.processes import wait_until

from .stored import Stored, image_of, put_pipeline, stored_index, stored_service

PHOTO, SMALL = picture("exif-orientation/Landscape_6.jpg"), picture("pillow/hopper.jpg")
TURN = [{"rotate": {"degrees": 90}}]


@pytest.fixture
def own(es: Elasticsearch, service_url: str, tmp_path: Path) -> Iterator[Stored]:
    """A service and a folder of the test's own."""
    folder = tmp_path / "store"
    folder.mkdir()
    with stored_service(es, service_url, tmp_path, str(folder), workers="2", store_timeout="3") as running:
        yield running


@pytest.fixture
def own_index(es: Elasticsearch, own: Stored) -> Iterator[str]:
    put_pipeline(es, properties=[], timeout="8s", operations=["auto_orient"])
    with stored_index(es) as name:
        yield name


def pictures(n: int) -> list[bytes]:
    return [encoded(Image.new("RGB", (40 + i, 30), (i % 256, 90, 30)), "JPEG") for i in range(n)]


def test_a_store_that_is_down_stores_nothing_and_comes_back(
    es: Elasticsearch, own: Stored, own_index: str, tmp_path: Path
) -> None:
    folder, away = tmp_path / "store", tmp_path / "away"
    folder.rename(away)
    with pytest.raises(ApiError) as refusal:
        # The client itself would send it again.
        es.options(max_retries=0).index(index=own_index, id="1", document={"image": {"data": b64(SMALL)}})
    # How long it waits: test_store_faults.py.
    assert refusal.value.meta.status == 503
    assert "last failure: " in str(refusal.value.body) and "is its disk mounted" in str(refusal.value.body)
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
