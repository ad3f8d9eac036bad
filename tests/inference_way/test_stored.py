"""Pictures in a store through the inference way: the documents are those of the plugin."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pipelines.inference.options import NotExpressible
from processor_service.store.opening import begin_store, open_store
from processor_service.store.picture_store import PictureStore
from processor_service.web.inference.originals import MARKS
from tests.helpers.pictures import b64, opened
from tests.helpers.service import TOKEN, Service, running_service
from tests.helpers.stores import store_of

from .stock import PipelineFailed, StockProcessors
from .way import IMAGE, OTHER, OTHER_TOKEN, PHOTO, Way


class Kept:
    """A store, as tests look into it."""

    def __init__(self, url: str, pictures: PictureStore) -> None:
        self.url, self._pictures = url, pictures

    def bytes_of(self, key: str) -> bytes:
        return self._pictures.get(key, None)

    @contextmanager
    def without(self, key: str) -> Iterator[None]:
        """The store while a picture is lost."""
        data = self.bytes_of(key)
        self._pictures.delete(key)
        try:
            yield
        finally:
            self._pictures.put(key, data)


@pytest.fixture(scope="module", params=["folder", "s3"])
def kept(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    with store_of(request.param, tmp_path_factory.mktemp("store")) as url:
        begin_store(url)
        pictures = open_store(url, 60)
        yield Kept(url, pictures)
        pictures.stop()


@pytest.fixture(scope="module")
def keeping(kept: Kept, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    log = tmp_path_factory.mktemp("log") / "service.log"
    with running_service(log, workers="1", store_url=kept.url) as running:
        yield running


@pytest.fixture
def way(stock: StockProcessors, keeping: Service) -> Way:
    return Way(stock, keeping.url, store="external")


def test_a_picture_is_stored_as_by_the_plugin(way: Way, keeping: Service, kept: Kept) -> None:
    answer = keeping.process_picture(
        PHOTO, operations=IMAGE["operations"], properties=IMAGE["properties"], store="external"
    )
    expected = {name: value for name, value in answer.json()["fields"].items() if value is not None}
    stored = way({"title": "A lake", "image": {"data": PHOTO, "alt": "a lake"}})
    assert stored == {"title": "A lake", "image": {"alt": "a lake"} | expected}
    assert opened(kept.bytes_of(stored["image"]["stored"])).size == (1800, 1200)


def test_an_update_of_something_else_reads_nothing(way: Way, kept: Kept) -> None:
    stored = way({"title": "old", "image": {"data": PHOTO}})
    with kept.without(stored["image"]["stored"]):
        assert way(stored | {"title": "new"}) == stored | {"title": "new"}


def test_another_picture_and_none(way: Way) -> None:
    stored = way({"image": {"data": PHOTO, "alt": "mine"}})["image"]
    other = way({"image": {**stored, "data": OTHER}})["image"]
    assert (other["width"], "data" in other) == (128, False)
    assert way({"image": {**stored, "data": None}}) == {"image": {"alt": "mine"}}


def test_an_upsert_without_a_picture_takes_no_later_one_away(way: Way) -> None:
    """Its null would stay beside the fields of that one."""
    image = way.merged({"image": {"data": None}}, {"image": {"data": PHOTO}})["image"]
    assert image["data"] == []
    assert way({"image": image}) == way({"image": {"data": PHOTO}})


def test_a_changed_recipe_begins_with_the_stored_picture(
    stock: StockProcessors, keeping: Service, kept: Kept, way: Way
) -> None:
    stored = way({"image": {"data": PHOTO}})["image"]
    gray = Way(stock, keeping.url, operations=["grayscale"], properties=[], store="external")
    made = gray({"image": stored})["image"]
    assert opened(kept.bytes_of(made["stored"])).mode == "L"
    assert made["original"]["sha256"] == stored["sha256"]


def test_pictures_move_into_the_store_and_back(stock: StockProcessors, keeping: Service, kept: Kept, way: Way) -> None:
    plain = Way(stock, keeping.url)
    inside = plain({"image": {"data": PHOTO}})
    moved = way(inside)
    assert "data" not in moved["image"]
    assert b64(kept.bytes_of(moved["image"]["stored"])) == inside["image"]["data"]
    assert moved["image"]["original"] == inside["image"]["original"]
    back = plain(moved)
    assert back["image"].keys() == inside["image"].keys()
    for name in ("data", "sha256", "mark", "original"):
        assert back["image"][name] == inside["image"][name]


def test_a_thumbnail_of_another_picture_is_made_again(way: Way) -> None:
    stored, other = way({"image": {"data": PHOTO}}), way({"image": {"data": OTHER}})
    forged = {"image": {**stored["image"], "thumbnail": other["image"]["thumbnail"]}}
    made = way(forged)
    assert made["image"].keys() == stored["image"].keys() and made["image"]["stored"] == stored["image"]["stored"]
    assert opened(made["image"]["thumbnail"]).size == opened(stored["image"]["thumbnail"]).size
    assert way(made) == made


def test_a_vector_that_elasticsearch_left_out_is_made_again(way: Way) -> None:
    stored = way({"image": {"data": PHOTO}})
    image = {name: value for name, value in stored["image"].items() if name != "embedding"}
    made = way({"image": image})["image"]
    assert len(made.pop("embedding")) == len(stored["image"]["embedding"])
    assert made == image


def test_a_key_that_no_mark_covers_is_refused(way: Way) -> None:
    stored, other = way({"image": {"data": PHOTO}})["image"], way({"image": {"data": OTHER}})["image"]
    for forged in (
        {**stored, "stored": other["stored"]},
        {**stored, "stored": other["stored"], "sha256": other["sha256"]},
        {"stored": other["stored"]},
        {**stored, "mark": None},
    ):
        with pytest.raises(PipelineFailed) as failed:
            way({"image": forged})
        assert "stored_not_signed" in str(failed.value)


def test_a_picture_that_is_lost_is_recorded_and_keeps_its_key(
    stock: StockProcessors, keeping: Service, kept: Kept, way: Way
) -> None:
    stored = way({"image": {"data": PHOTO, "alt": "mine"}})["image"]
    gray = Way(stock, keeping.url, operations=["grayscale"], properties=[], store="external")
    with kept.without(stored["stored"]):
        lost = gray({"image": stored})["image"]
    assert lost["error"]["code"] == "stored_picture_missing"
    names = ("stored", "sha256", "recipe", "mark", "alt")
    assert {name: lost[name] for name in names} == {name: stored[name] for name in names}
    found = gray({"image": lost})["image"]
    assert "error" not in found and opened(kept.bytes_of(found["stored"])).mode == "L"


@pytest.mark.parametrize("store", ["external", "data"])
class TestOriginals:
    """`"originals": "external"`, with the picture in the store and in the document."""

    @pytest.fixture
    def gray(self, stock: StockProcessors, keeping: Service, store: str) -> Way:
        return self.of(stock, keeping, store, "grayscale")

    def of(self, stock: StockProcessors, keeping: Service, store: str, *operations: str) -> Way:
        return Way(
            stock, keeping.url, operations=list(operations), properties=["thumbnail"], store=store, originals="external"
        )

    def mode(self, image: dict[str, Any], kept: Kept) -> str:
        return opened(image["data"] if "data" in image else kept.bytes_of(image["stored"])).mode

    def test_a_changed_recipe_begins_with_the_original(
        self, stock: StockProcessors, keeping: Service, kept: Kept, store: str, gray: Way
    ) -> None:
        first = gray({"image": {"data": PHOTO}})["image"]
        assert b64(kept.bytes_of(first["original"]["stored"])) == PHOTO
        assert self.mode(first, kept) == "L"
        assert gray({"image": first}) == {"image": first}
        again = self.of(stock, keeping, store, "auto_orient")({"image": first})["image"]
        assert self.mode(again, kept) == "RGB"
        assert (again["original"], again["original_mark"]) == (first["original"], first["original_mark"])

    def test_what_no_mark_covers_is_no_original(
        self, stock: StockProcessors, keeping: Service, kept: Kept, store: str, gray: Way
    ) -> None:
        first, other = gray({"image": {"data": PHOTO}})["image"], gray({"image": {"data": OTHER}})["image"]
        colored = self.of(stock, keeping, store, "auto_orient")
        swapped = {"original": other["original"], "original_mark": other["original_mark"]}
        for forged in (
            first | swapped,
            first | swapped | {"source_mark": other["source_mark"]},
            first | {"original": first["original"] | {"stored": other["original"]["stored"]}},
            first | {"original_mark": "0" * 64},
            first | {"source_mark": "0" * 64},
            first | {"original": first["original"] | {"stored": "sha256/../../etc/passwd"}},
        ):
            assert self.mode(colored({"image": forged})["image"], kept) == "L"

    def test_another_picture_is_not_made_from_the_original_of_the_one_before(
        self, stock: StockProcessors, keeping: Service, store: str, gray: Way
    ) -> None:
        first = gray({"image": {"data": PHOTO}})["image"]
        made = self.of(stock, keeping, store, "auto_orient")({"image": first | {"data": OTHER}})["image"]
        assert made["width"] == 128 and made["original"] != first["original"]

    def test_an_original_that_is_lost_is_recorded_and_the_picture_stays(
        self, stock: StockProcessors, keeping: Service, kept: Kept, store: str, gray: Way
    ) -> None:
        first = gray({"image": {"data": PHOTO, "alt": "mine"}})["image"]
        colored = self.of(stock, keeping, store, "auto_orient")
        with kept.without(first["original"]["stored"]):
            lost = colored({"image": first})["image"]
        assert lost["error"]["code"] == "stored_picture_missing"
        where = ["data"] if store == "data" else ["stored", "sha256"]
        names = ["recipe", "mark", "source_mark", "original", "original_mark", "alt", *where]
        assert {name: lost.get(name) for name in names} == {name: first[name] for name in names}
        assert lost.keys() == {*names, "error"}
        found = colored({"image": lost})["image"]
        assert "error" not in found and self.mode(found, kept) == "RGB"

    def test_a_picture_that_moves_or_is_made_again_is_still_made_from_it(
        self, stock: StockProcessors, keeping: Service, kept: Kept, store: str, gray: Way
    ) -> None:
        first = gray({"image": {"data": PHOTO}})["image"]
        elsewhere = {"external": "data", "data": "external"}[store]
        moved = self.of(stock, keeping, elsewhere, "grayscale")({"image": first})["image"]
        assert ("data" in moved) == (elsewhere == "data")
        again = gray({"image": first | {"thumbnail": OTHER}})["image"]
        for image in (moved, again):
            assert {name: image[name] for name in MARKS} == {name: first[name] for name in MARKS}
            assert image["original"] == first["original"]
            colored = self.of(stock, keeping, store, "auto_orient")({"image": image})["image"]
            assert self.mode(colored, kept) == "RGB"

    def test_an_original_is_no_way_around_the_mark_of_the_picture(
        self, stock: StockProcessors, keeping: Service, store: str, gray: Way
    ) -> None:
        first, other = gray({"image": {"data": PHOTO}})["image"], gray({"image": {"data": OTHER}})["image"]
        colored = self.of(stock, keeping, store, "auto_orient")
        if store == "data":
            made = colored({"image": first | {"mark": "0" * 64}})["image"]
            assert made["original"]["sha256"] == first["sha256"]
            return
        for forged in (
            {"mark": "0" * 64},
            {"stored": other["stored"]},
            {"stored": other["stored"], "sha256": "0" * 64},
        ):
            with pytest.raises(PipelineFailed, match="stored_not_signed"):
                colored({"image": first | forged})

    def test_where_the_recipe_hides_what_another_one_has_made_is_not_kept(
        self, stock: StockProcessors, keeping: Service, kept: Kept, store: str, gray: Way
    ) -> None:
        first = gray({"image": {"data": PHOTO, "alt": "mine"}})["image"]
        hiding = Way(
            stock, keeping.url, operations=[{"redact": {"what": ["faces"]}}], properties=["thumbnail"], store=store
        )
        with kept.without(first["original"]["stored"]):
            lost = hiding({"image": first})["image"]
        assert lost["error"]["code"] == "stored_picture_missing"
        assert lost.keys() == {"alt", "error"}

    def test_its_marks_are_renewed_with_a_changed_token(
        self, stock: StockProcessors, kept: Kept, store: str, gray: Way, tmp_path: Path
    ) -> None:
        first = gray({"image": {"data": PHOTO}})["image"]
        both = {"token": OTHER_TOKEN, "previous_token": TOKEN, "store_url": kept.url, "workers": "1"}
        options: dict[str, Any] = {"properties": ["thumbnail"], "store": store, "originals": "external"}
        with running_service(tmp_path / "log", **both) as running:
            way = Way(stock, running.url, OTHER_TOKEN, operations=["grayscale"], **options)
            renewed = way({"image": first})["image"]
        marks = {"mark", "thumbnail_mark", "source_mark", "original_mark"}
        assert {name for name, value in renewed.items() if value != first[name]} == marks
        with running_service(tmp_path / "log2", **both | {"previous_token": ""}) as running:
            way = Way(stock, running.url, OTHER_TOKEN, operations=["auto_orient"], **options)
            assert self.mode(way({"image": renewed})["image"], kept) == "RGB"


def test_what_only_the_plugin_does_is_said(stock: StockProcessors, keeping: Service) -> None:
    with pytest.raises(NotExpressible, match="store"):
        Way(stock, keeping.url, store="none")
