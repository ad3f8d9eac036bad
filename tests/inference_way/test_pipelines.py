"""Documents through the pipelines of the inference way: real processors, conditions and templates, a real service."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from pipelines.endpoints import Service as Kind
from pipelines.endpoints import in_inference_form
from pipelines.resources import Kind as ResourceKind
from pipelines.resources import Resource, bundled
from processor_service.fields import top_level_names
from tests.support import TOKEN, Service, b64, free_port, opened, picture, running_service

from .stock import PipelineFailed, StockProcessors

PHOTO = b64(picture("exif-orientation/Landscape_6.jpg"))
OTHER = b64(picture("pillow/hopper.jpg"))
IMAGES = next(r for r in bundled() if r.name == "images" and r.kind is ResourceKind.PIPELINE)
IMAGE = IMAGES.body["processors"][0]["image"]


class Way:
    """A pipeline in the inference form with its endpoint."""

    def __init__(self, stock: StockProcessors, url: str, token: str = TOKEN, kind: Kind = "custom", **options: Any):
        body = copy.deepcopy(IMAGES.body)
        body["processors"][0]["image"] |= options
        definition = Resource(ResourceKind.PIPELINE, "images", body)
        self.endpoint, self.pipeline = in_inference_form([definition], kind, url, token)
        self._stock = stock

    def __call__(self, document: dict[str, Any]) -> dict[str, Any]:
        return self._stock.run(self.pipeline.body, [self.endpoint], document)


@pytest.fixture
def way(stock: StockProcessors, service: Service) -> Way:
    return Way(stock, service.url)


@pytest.mark.parametrize("kind", ["custom", "openai"])
def test_a_picture_is_stored_as_by_the_plugin(stock: StockProcessors, service: Service, kind: Kind) -> None:
    answer = service.process_picture(PHOTO, operations=IMAGE["operations"], properties=IMAGE["properties"])
    expected = {name: value for name, value in answer.json()["fields"].items() if value is not None}
    stored = Way(stock, service.url, kind=kind)({"title": "A lake", "image": {"data": PHOTO, "alt": "a lake"}})
    assert stored == {"title": "A lake", "image": {"alt": "a lake"} | expected}
    assert opened(stored["image"]["data"]).size == (1800, 1200)


def test_a_bare_string_becomes_an_object(way: Way) -> None:
    assert way({"image": PHOTO}) == way({"image": {"data": PHOTO}})


def test_no_operations_are_none(way: Way) -> None:
    assert way({"image": {"data": PHOTO, "operations": []}}) == way({"image": PHOTO})


def test_a_document_without_a_picture_passes(way: Way) -> None:
    for document in ({"title": "none"}, {"image": {"alt": "soon"}}, {"image": None}):
        assert way(document) == document


def test_an_update_of_something_else_leaves_the_picture_alone(way: Way) -> None:
    stored = way({"title": "old", "image": {"data": PHOTO}})
    updated = stored | {"title": "new"}
    assert way(updated) == updated
    assert way(way(updated)) == updated


def test_tokens_are_rotated_without_encoding_a_picture_again(stock: StockProcessors, tmp_path: Path) -> None:
    """As docs/security.md says for this way: the document that is written takes the new mark along."""
    with running_service(tmp_path / "service.log") as service:
        old = Way(stock, service.url)({"image": {"data": PHOTO, "alt": "mine"}})
    with running_service(tmp_path / "service.log", token="new", previous_token=TOKEN) as service:
        for token in ("new", TOKEN):
            renewed = Way(stock, service.url, token=token)(old | {"title": "1"})
            assert renewed["image"]["mark"] != old["image"]["mark"]
            assert renewed == old | {"title": "1", "image": old["image"] | {"mark": renewed["image"]["mark"]}}
    with running_service(tmp_path / "service.log", token="new") as service:
        assert Way(stock, service.url, token="new")(renewed) == renewed
        # The first picture; the log is one for all three.
        assert service.log.read_text().count('"event": "picture"') == 1


def test_a_new_picture_replaces_everything_of_the_old_one(way: Way) -> None:
    stored = way({"image": {"data": PHOTO, "alt": "mine"}})
    assert "taken_at" in stored["image"].get("metadata", {}) or "metadata" not in stored["image"]
    replaced = way({"image": stored["image"] | {"data": OTHER, "blank": True, "placeholder": "old"}})
    assert replaced == {"image": {"alt": "mine"} | way({"image": {"data": OTHER}})["image"]}


def test_what_is_no_picture_is_kept_with_its_error_and_nothing_of_an_earlier_one(way: Way) -> None:
    stored = way({"image": {"data": PHOTO, "alt": "mine"}})
    bad = way({"image": stored["image"] | {"data": "bm8gcGljdHVyZQ=="}})
    assert bad["image"].keys() == {"data", "alt", "error"}
    assert bad["image"]["data"] == "bm8gcGljdHVyZQ=="
    assert bad["image"]["error"]["code"] == "not_an_image"
    assert bad["image"]["error"].keys() == {"code", "reason"}
    mended = way({"image": bad["image"] | {"data": PHOTO}})
    assert mended == stored


@pytest.mark.parametrize("mark", ["", "garbage", "0" * 64, "ä", {"a": 1}, 5])
def test_a_forged_mark_is_of_no_use(way: Way, mark: Any) -> None:
    assert way({"image": {"data": PHOTO, "mark": mark}}) == way({"image": {"data": PHOTO}})


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ("", "invalid_base64"),
        ("!", "invalid_base64"),
        ("${token}", "invalid_base64"),
        ("AAAA${input}", "invalid_base64"),
        (5, "invalid_base64"),
        (["AAAA"], "invalid_base64"),
        (["AAAA", "BBBB"], "invalid_base64"),
        ({"a": "AAAA"}, "invalid_base64"),
    ],
)
def test_data_that_is_no_base64_is_kept_too(way: Way, data: Any, code: str) -> None:
    stored = way({"title": "kept", "image": {"data": data}})
    assert stored["title"] == "kept"
    assert stored["image"]["data"] == data
    assert stored["image"]["error"]["code"] == code
    assert TOKEN not in json.dumps(stored)


def test_a_mark_does_not_make_the_endpoint_give_its_secret(way: Way) -> None:
    stored = way({"image": {"data": PHOTO, "mark": "${token}"}})
    assert stored["image"]["error"]["code"] == "invalid_base64"
    assert TOKEN not in json.dumps(stored)


@pytest.mark.parametrize(
    ("image", "code"),
    [
        ([{"data": PHOTO}], "lists_need_the_plugin"),
        ({"data": PHOTO, "operations": [{"rotate": {"degrees": 90}}]}, "document_operations_disabled"),
        ({"url": "https://images.example.org/cat.jpg"}, "addresses_need_the_plugin"),
    ],
)
def test_what_only_the_plugin_can_do_is_refused_with_a_code(way: Way, image: Any, code: str) -> None:
    with pytest.raises(PipelineFailed, match=rf"^\[{code}\] "):
        way({"image": image})


def test_a_service_that_is_down_or_refuses_the_token_loses_nothing(stock: StockProcessors, service: Service) -> None:
    up = Way(stock, service.url)
    stored = up({"image": {"data": PHOTO, "alt": "mine"}})
    for down in (Way(stock, f"http://127.0.0.1:{free_port()}"), Way(stock, service.url, token="wrong")):
        fresh = down({"image": {"data": PHOTO, "alt": "mine"}})
        assert fresh["image"].keys() == {"data", "alt", "error"}
        assert fresh["image"]["data"] == PHOTO
        assert fresh["image"]["error"]["code"] == "inference_failed"
        # What was normalized before keeps its fields, and its mark: it is not encoded once more.
        later = down(stored | {"title": "new"})
        assert later["image"] == stored["image"] | {"error": later["image"]["error"]}
        assert up(later) == stored | {"title": "new"}


def test_without_on_invalid_record_the_document_is_refused(stock: StockProcessors, service: Service) -> None:
    strict = Way(stock, service.url, on_invalid="fail", ignore_missing=False)
    assert strict({"image": PHOTO})["image"]["format"] == "jpeg"
    for document, reason in (
        ({"image": {"data": "bm8gcGljdHVyZQ=="}}, r"\[not_an_image\] "),
        ({"image": {"data": "${token}"}}, r"\[invalid_base64\] "),
        ({"image": {}}, r"\[missing_data\] "),
        ({"title": "none"}, r"\[missing_data\] "),
    ):
        with pytest.raises(PipelineFailed, match=f"^{reason}"):
            strict(document)
    with pytest.raises(PipelineFailed, match="unauthorized"):
        Way(stock, service.url, token="wrong", on_invalid="fail")({"image": PHOTO})


def test_another_field(stock: StockProcessors, service: Service) -> None:
    stored = Way(stock, service.url, field="photo")({"photo": OTHER, "image": "text of theirs"})
    assert stored["image"] == "text of theirs"
    assert stored["photo"].keys() < set(top_level_names())
    assert opened(stored["photo"]["data"]).size == (128, 128)


def test_the_pipeline_names_no_processor_that_is_not_stock(way: Way) -> None:
    types = {next(iter(step)) for step in way.pipeline.body["processors"]}
    assert types == {"remove", "rename", "fail", "set", "append", "join", "inference", "json"}
    assert TOKEN not in json.dumps(way.pipeline.body)
