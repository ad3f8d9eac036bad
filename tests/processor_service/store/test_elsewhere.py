"""What the store promises, of a real S3 server; of folders it is in test_picture_store.py, of Azurite in azure.py."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import obstore
import pytest
import requests

from processor_service.errors import Code, ImageError
from processor_service.store.addresses import TRASH, address_of
from processor_service.store.opening import library_store, open_store
from processor_service.store.picture_store import PictureStore
from tests.helpers.stores import s3_server

DATA = b"the bytes of a picture" * 50_000
PICTURE = address_of(DATA, "jpeg")
MOST = 10_000_000


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with s3_server(tmp_path_factory.mktemp("s3") / "server"):
        yield "s3://pictures/live"


@pytest.fixture
def store(url: str) -> Iterator[PictureStore]:
    """Empty."""
    opened = open_store(url, 30)
    for each in list(opened.list("")):
        opened.delete(each.key)
    yield opened
    opened.stop()


def code_of(store: PictureStore, key: str) -> Code:
    with pytest.raises(ImageError) as refusal:
        store.get(key, MOST)
    return refusal.value.code


def test_what_was_put_is_what_is_got_and_is_put_once(store: PictureStore) -> None:
    assert store.put(PICTURE, DATA) and not store.put(PICTURE, memoryview(DATA))
    assert store.get(PICTURE, MOST) == DATA
    assert store.head(PICTURE).size == len(DATA)
    assert [each.key for each in store.list("sha256/")] == [PICTURE]
    assert list(store.list("sha256/", PICTURE)) == []
    store.delete(PICTURE)
    store.delete(PICTURE)
    assert code_of(store, PICTURE) is Code.STORED_PICTURE_MISSING


def test_of_writers_of_one_picture_one_writes(store: PictureStore) -> None:
    with ThreadPoolExecutor(4) as writers:
        assert sum(writers.map(lambda _: store.put(PICTURE, DATA), range(8))) == 1
    assert store.get(PICTURE, MOST) == DATA


def test_a_put_mends_what_is_damaged(store: PictureStore, url: str) -> None:
    store.put(PICTURE, DATA)
    obstore.put(library_store(url), PICTURE, b"other bytes")
    assert code_of(store, PICTURE) is Code.STORED_PICTURE_DAMAGED
    assert store.put(PICTURE, DATA)
    assert store.get(PICTURE, MOST) == DATA


def test_what_clean_puts_away_is_as_young_as_that_and_still_read(store: PictureStore) -> None:
    store.put(PICTURE, DATA)
    written = store.head(PICTURE).modified
    # Times there are whole seconds.
    while time.time() < written.timestamp() + 1.5:
        time.sleep(0.1)
    store.move(PICTURE, TRASH + PICTURE)
    assert [each.key for each in store.list("sha256/")] == []
    (away,) = store.list(TRASH)
    assert away.key == TRASH + PICTURE and away.modified > written
    assert store.get(PICTURE, MOST) == DATA


def test_an_address_of_its_own_gives_the_picture(store: PictureStore) -> None:
    store.put(PICTURE, DATA)
    signed = store.signed_url(PICTURE, 60)
    assert signed
    read = requests.get(signed, timeout=30)
    assert (read.status_code, read.headers["Content-Type"], read.content) == (200, "image/jpeg", DATA)


def test_a_check_leaves_nothing(store: PictureStore) -> None:
    store.check()
    assert list(store.list("")) == []
