"""What the store promises, of a folder; that S3 keeps it too is in test_elsewhere.py."""

from __future__ import annotations

import errno
import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from processor_service.errors import Code, ImageError
from processor_service.store.addresses import address_of, mime_type_of, sha256_of
from processor_service.store.folder import Folder
from processor_service.store.opening import StoreError, begin_store, open_store
from processor_service.store.picture_store import PictureStore

DATA = b"the bytes of a picture" * 100
KEY = address_of(DATA, "jpeg")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[PictureStore]:
    begin_store(str(tmp_path))
    opened = open_store(str(tmp_path), 5)
    yield opened
    opened.stop()


def code_of(call: Callable[[], object]) -> Code:
    with pytest.raises(ImageError) as refusal:
        call()
    return refusal.value.code


def test_an_address_follows_from_the_bytes() -> None:
    sha256 = hashlib.sha256(DATA).hexdigest()
    assert f"sha256/{sha256[:2]}/{sha256[2:4]}/{sha256}.jpeg" == KEY
    assert sha256_of(KEY) == sha256
    assert mime_type_of(KEY) == "image/jpeg"


@pytest.mark.parametrize(
    "key", [None, 7, "", "x", KEY.replace("sha256/", "sha256/../"), KEY + "/x", "../" + KEY, KEY[:10] + "00" + KEY[12:]]
)
def test_anything_else_is_no_address(key: object) -> None:
    assert code_of(lambda: sha256_of(key)) is Code.INVALID_REQUEST


def test_what_was_put_is_what_is_got(store: PictureStore, tmp_path: Path) -> None:
    assert store.put(KEY, DATA)
    assert store.get(KEY, len(DATA)) == DATA
    assert store.head(KEY).size == len(DATA)
    assert (tmp_path / KEY).read_bytes() == DATA
    assert [each.key for each in store.list("sha256/")] == [KEY]


@pytest.mark.parametrize(("times", "stays"), [(1, True), (99, False)])
def test_a_picture_that_is_put_away_while_it_is_put_is_put_again(
    store: PictureStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int, stays: bool
) -> None:
    store.put(KEY, DATA)
    away: list[str] = []
    to_disk = Folder.to_disk

    def put_away(folder: Folder, key: str) -> None:
        if len(away) < times:
            away.append(key)
            (tmp_path / key).rename(tmp_path / "away")
        to_disk(folder, key)

    monkeypatch.setattr(Folder, "to_disk", put_away)
    if stays:
        assert store.put(KEY, DATA)
        assert (tmp_path / KEY).read_bytes() == DATA
    else:
        assert code_of(lambda: store.put(KEY, DATA)) is Code.STORE_UNAVAILABLE


def test_a_picture_is_put_once(store: PictureStore, tmp_path: Path) -> None:
    store.put(KEY, DATA)
    os.utime(tmp_path / KEY, (1, 1))
    assert not store.put(KEY, memoryview(DATA))
    assert (tmp_path / KEY).stat().st_mtime == 1


def test_writers_of_one_picture_leave_one_file(store: PictureStore, tmp_path: Path) -> None:
    for _ in range(20):
        (tmp_path / KEY).unlink(missing_ok=True)
        with ThreadPoolExecutor(4) as writers:
            assert sum(writers.map(lambda _: store.put(KEY, DATA), range(4))) == 1
        assert [path for path in (tmp_path / "sha256").rglob("*") if path.is_file()] == [tmp_path / KEY]
        assert (tmp_path / KEY).read_bytes() == DATA


def test_a_writer_that_dies_leaves_nothing_that_is_listed(
    store: PictureStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object) -> None:
        raise OSError(errno.EIO, "dead")

    with monkeypatch.context() as patched:
        patched.setattr(os, "link", dies)
        patched.setattr(Path, "unlink", dies)
        assert code_of(lambda: store.put(KEY, DATA)) is Code.STORE_UNAVAILABLE
    assert any((tmp_path / KEY).parent.iterdir())
    assert list(store.list("sha256/")) == []
    assert store.put(KEY, DATA)


def test_a_folder_that_hangs_is_given_up_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a network file system does whose server is gone."""
    begin_store(str(tmp_path))
    hanging, mended = open_store(str(tmp_path), 0.3), threading.Event()
    monkeypatch.setattr(Folder, "check", lambda _: mended.wait(60))
    try:
        start = time.monotonic()
        with pytest.raises(ImageError, match="did not answer in") as refusal:
            hanging.put(KEY, DATA)
        assert refusal.value.code is Code.STORE_UNAVAILABLE
        assert time.monotonic() - start < 20 and hanging.works is False
    finally:
        mended.set()
        hanging.stop()


def test_what_is_not_there_is_missing_and_what_is_another_is_damaged(store: PictureStore, tmp_path: Path) -> None:
    assert code_of(lambda: store.get(KEY, 10_000)) is Code.STORED_PICTURE_MISSING
    assert code_of(lambda: store.head(KEY)) is Code.STORED_PICTURE_MISSING
    store.put(KEY, DATA)
    (tmp_path / KEY).write_bytes(DATA[:-1] + b"!")
    assert code_of(lambda: store.get(KEY, 10_000)) is Code.STORED_PICTURE_DAMAGED
    (tmp_path / KEY).write_bytes(DATA[:-1])
    assert code_of(lambda: store.get(KEY, 10_000)) is Code.STORED_PICTURE_DAMAGED
    assert code_of(lambda: store.get(KEY, 10)) is Code.IMAGE_TOO_LARGE
    assert store.works


def test_what_clean_took_away_too_early_is_still_read(store: PictureStore, tmp_path: Path) -> None:
    store.put(KEY, DATA)
    store.move(KEY, f"trash/{KEY}")
    assert [each.key for each in store.list("sha256/")] == []
    assert store.get(KEY, 10_000) == DATA
    assert (store.head(KEY).key, store.head(KEY).size) == (f"trash/{KEY}", len(DATA))


def test_what_is_put_away_is_as_young_as_that(store: PictureStore, tmp_path: Path) -> None:
    """Otherwise clean would delete at once what was written long ago. S3 gives copies a time of their own."""
    store.put(KEY, DATA)
    os.utime(tmp_path / KEY, (1, 1))
    start = time.time()
    store.move(KEY, f"trash/{KEY}")
    assert [each.modified.timestamp() >= start - 1 for each in store.list("trash/")] == [True]
    store.move(KEY, f"trash/{KEY}")
    assert store.get(KEY, 10_000) == DATA


@pytest.mark.parametrize("left", [b"", DATA[:-1] + b"!"], ids=["empty", "other bytes"])
def test_a_put_mends_what_is_damaged(store: PictureStore, tmp_path: Path, left: bytes) -> None:
    """As a machine leaves it that loses its power before the picture is on the disk: its document is sent again."""
    store.put(KEY, DATA)
    (tmp_path / KEY).write_bytes(left)
    assert store.put(KEY, DATA)
    assert store.get(KEY, 10_000) == DATA


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_disk_that_is_full_when_it_is_written_out_is_said(
    store: PictureStore, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def full(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Folder, "to_disk", full)
    with pytest.raises(ImageError, match="the store is full") as refusal:
        store.put(KEY, DATA)
    assert refusal.value.code is Code.STORE_UNAVAILABLE


def test_deleting_what_is_not_there_is_no_error(store: PictureStore) -> None:
    store.delete(KEY)


def test_a_folder_gives_no_signed_address(store: PictureStore) -> None:
    assert store.signed_url(KEY, 60) is None


def test_a_call_that_comes_too_late_is_not_begun(store: PictureStore) -> None:
    with pytest.raises(ImageError, match="the store was not asked") as refusal:
        store.put(KEY, DATA, until=time.monotonic() - 1)
    assert refusal.value.code is Code.STORE_UNAVAILABLE
    assert store.works is None
    assert list(store.list("sha256/")) == []


def test_a_folder_that_cannot_be_written_to_is_unavailable(store: PictureStore, tmp_path: Path) -> None:
    # In the way of the folders of the key; also root cannot write there.
    (tmp_path / "sha256").write_text("a file")
    assert code_of(lambda: store.put(KEY, DATA)) is Code.STORE_UNAVAILABLE
    assert store.works is False


def test_a_check_writes_reads_and_leaves_nothing(store: PictureStore, tmp_path: Path) -> None:
    store.check()
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [".ingest-image-store"]


def test_a_folder_that_is_gone_is_unavailable_and_is_not_made_again(store: PictureStore, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    begin_store(str(tmp_path / "disk"))
    mounted = open_store(str(tmp_path / "disk"), 5)
    try:
        mounted.put(KEY, DATA)
        (tmp_path / "disk").rename(tmp_path / "away")
        for call in (lambda: mounted.put(KEY, DATA), lambda: mounted.get(KEY, 10_000), lambda: mounted.head(KEY)):
            assert code_of(call) is Code.STORE_UNAVAILABLE
        # What is left of an unmounted disk: an empty folder.
        (tmp_path / "disk").mkdir()
        assert code_of(lambda: mounted.put(KEY, DATA)) is Code.STORE_UNAVAILABLE
        # Somebody who opens it there makes no store of it.
        again = open_store(str(tmp_path / "disk"), 5)
        assert code_of(lambda: again.put(KEY, DATA)) is Code.STORE_UNAVAILABLE
        again.stop()
        assert not list((tmp_path / "disk").iterdir())
        (tmp_path / "disk").rmdir()
        (tmp_path / "away").rename(tmp_path / "disk")
        assert mounted.get(KEY, 10_000) == DATA
    finally:
        mounted.stop()


def test_a_folder_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="does not exist"):
        open_store(str(tmp_path / "not mounted"), 5)


@pytest.mark.parametrize("url", ["ftp://somewhere/x", "az://container/prefix", "nothing:else"])
def test_what_cannot_be_opened_is_said_without_quoting_anything(url: str) -> None:
    with pytest.raises(StoreError, match="valid are a folder, s3://bucket/prefix"):
        open_store(url, 5)
