"""Documents through the pipelines of the inference way: real processors, conditions and templates, a real service."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from pipelines.inference.endpoints import Service as Kind
from processor_service.wire.fields import top_level_names
from tests.helpers.pictures import opened
from tests.helpers.ports import free_port
from tests.helpers.service import TOKEN, Service, running_service

from .stock import PipelineFailed, StockProcessors
from .way import IMAGE, OTHER, PHOTO, Way


@pytest.mark.parametrize("kind", ["custom", "openai"])
def test_a_picture_is_stored_as_by_the_plugin(stock: StockProcessors, service: Service, kind: Kind) -> None:
    answer = service.process_picture(PHOTO, operations=IMAGE["operations"], properties=IMAGE["properties"])
    expected = {name: value for name, value in answer.json()["fields"].items() if value is not None}
    stored = Way(stock, service.url, kind=kind)({"title": "A lake", "image": {"data": PHOTO, "alt": "a lake"}})
    assert stored == {"title": "A lake", "image": {"alt": "a lake"} | expected}
    assert opened(stored["image"]["data"]).size == (1800, 1200)


def test_a_bare_string_becomes_an_object(way: Way) -> None:
    assert way({"image": PHOTO}) == way({"image": {"data": PHOTO}})


def test_bytes_of_a_client_that_speaks_cbor_are_a_picture(way: Way) -> None:
    photo = base64.b64decode(PHOTO)
    for document in ({"image": photo}, {"image": {"data": photo}}, {"image.data": photo}):
        assert way(document) == way({"image": PHOTO})
    assert way({"image": {"data": b"no picture"}})["image"]["error"]["code"] == "not_an_image"


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
            marks = {name: renewed["image"][name] for name in ("mark", "thumbnail_mark")}
            assert all(old["image"][name] != mark for name, mark in marks.items())
            assert renewed == old | {"title": "1", "image": old["image"] | marks}
    with running_service(tmp_path / "service.log", token="new") as service:
        assert Way(stock, service.url, token="new")(renewed) == renewed
        # The first picture; the log is one for all three.
        assert service.log.read_text().count('"event": "picture"') == 1


def test_a_new_picture_replaces_everything_of_the_old_one(way: Way) -> None:
    stored = way({"image": {"data": PHOTO, "alt": "mine"}})
    assert "taken_at" in stored["image"].get("metadata", {}) or "metadata" not in stored["image"]
    replaced = way({"image": stored["image"] | {"data": OTHER, "blank": True, "placeholder": "old"}})
    assert replaced == {"image": {"alt": "mine"} | way({"image": {"data": OTHER}})["image"]}


def test_what_is_no_picture_goes_and_leaves_its_error_and_nothing_of_an_earlier_one(way: Way) -> None:
    stored = way({"image": {"data": PHOTO, "alt": "mine"}})
    bad = way({"image": stored["image"] | {"data": "bm8gcGljdHVyZQ=="}})
    assert bad["image"].keys() == {"alt", "error"}
    assert bad["image"]["error"]["code"] == "not_an_image"
    assert bad["image"]["error"].keys() == {"code", "reason", "request_id"}
    # Writing it again, for its title, changes nothing.
    assert way(bad | {"title": "new"}) == bad | {"title": "new"}
    mended = way({"image": bad["image"] | {"data": PHOTO}})
    assert mended == stored


def test_with_keep_invalid_what_is_no_picture_stays_as_it_came(stock: StockProcessors, service: Service) -> None:
    keeping = Way(stock, service.url, keep_invalid=True)
    stored = keeping({"image": {"data": PHOTO, "alt": "mine"}})
    bad = keeping({"image": stored["image"] | {"data": "bm8gcGljdHVyZQ=="}})
    assert bad["image"].keys() == {"data", "alt", "error"}
    assert bad["image"]["data"] == "bm8gcGljdHVyZQ=="
    assert bad["image"]["error"]["code"] == "not_an_image"
    assert keeping({"image": bad["image"] | {"data": PHOTO}}) == stored


@pytest.mark.parametrize("mark", ["", "garbage", "0" * 64, "ä", {"a": 1}, 5])
def test_a_forged_mark_is_of_no_use(way: Way, mark: Any) -> None:
    assert way({"image": {"data": PHOTO, "mark": mark}}) == way({"image": {"data": PHOTO}})


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ("", "empty_image"),
        ("!", "invalid_base64"),
        ("${token}", "invalid_base64"),
        ("AAAA${input}", "invalid_base64"),
        (5, "invalid_base64"),
        (["AAAA"], "invalid_base64"),
        (["AAAA", "BBBB"], "invalid_base64"),
        ({"a": "AAAA"}, "invalid_base64"),
    ],
)
@pytest.mark.parametrize("keep_invalid", [False, True])
def test_data_that_is_no_base64_goes_and_leaves_its_error(
    stock: StockProcessors, service: Service, data: Any, code: str, keep_invalid: bool
) -> None:
    stored = Way(stock, service.url, keep_invalid=keep_invalid)({"title": "kept", "image": {"data": data}})
    assert stored["title"] == "kept"
    assert stored["image"].get("data") == (data if keep_invalid else None)
    assert stored["image"]["error"]["code"] == code
    assert TOKEN not in json.dumps(stored)


def test_a_mark_does_not_make_the_endpoint_give_its_secret(way: Way) -> None:
    for name in ("mark", "thumbnail_mark", "thumbnail"):
        assert way({"image": {"data": PHOTO, name: "${token}"}}) == way({"image": {"data": PHOTO}})


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


def test_while_the_service_is_down_or_refuses_the_token_nothing_is_stored_that_nobody_has_looked_at(
    stock: StockProcessors, service: Service
) -> None:
    stored = Way(stock, service.url)({"image": {"data": PHOTO, "alt": "mine"}})
    for down in (Way(stock, f"http://127.0.0.1:{free_port()}"), Way(stock, service.url, token="wrong")):
        # The pipeline cannot tell a picture that was normalized before from any other.
        for document in ({"image": {"data": PHOTO}}, stored | {"title": "new"}):
            with pytest.raises(PipelineFailed, match=r"^\[inference_failed\] "):
                down(document)
        assert down({"title": "no picture"}) == {"title": "no picture"}


def test_with_keep_invalid_a_service_that_is_down_keeps_nothing_out(stock: StockProcessors, service: Service) -> None:
    up = Way(stock, service.url, keep_invalid=True)
    stored = up({"image": {"data": PHOTO, "alt": "mine"}})
    down = Way(stock, f"http://127.0.0.1:{free_port()}", keep_invalid=True)
    fresh = down({"image": {"data": PHOTO, "alt": "mine"}})
    assert fresh["image"].keys() == {"data", "alt", "error"}
    assert fresh["image"]["data"] == PHOTO
    assert fresh["image"]["error"]["code"] == "inference_failed"
    # What was normalized before keeps its fields, and its mark: it is not encoded once more.
    later = down(stored | {"title": "new"})
    assert later["image"] == stored["image"] | {"error": later["image"]["error"]}
    mended = up(later)["image"]
    assert mended.keys() == stored["image"].keys()
    assert [mended[name] for name in ("data", "mark", "original")] == [
        stored["image"][name] for name in ("data", "mark", "original")
    ]


def test_without_on_invalid_record_the_document_is_refused(stock: StockProcessors, service: Service) -> None:
    strict = Way(stock, service.url, on_invalid="fail", ignore_missing=False)
    stored = strict({"image": PHOTO})
    assert stored["image"]["format"] == "jpeg"
    del stored["image"]["data"]
    assert strict(stored) == stored
    for document, reason in (
        ({"image": {"data": "bm8gcGljdHVyZQ=="}}, r"\[not_an_image\] "),
        ({"image": {"data": "${token}"}}, r"\[invalid_base64\] "),
        ({"image": {}}, r"\[missing_data\] "),
        ({"image": {"mark": "0" * 64}}, r"\[missing_data\] "),
        ({"image": stored["image"] | {"sha256": "0" * 64}}, r"\[missing_data\] "),
        ({"image": {"data": None}}, r"\[missing_data\] "),
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
    assert types == {"script", "fail", "inference", "json", "remove"}
    assert TOKEN not in json.dumps(way.pipeline.body)


HALVES: dict[str, tuple[Any, Any]] = {
    "at the end": ("boat \ud83d", "boat \ufffd"),
    "at the beginning": ("\udc1fboat", "\ufffdboat"),
    "the wrong way round": ("\udc1f\ud83d", "\ufffd\ufffd"),
    "beside a whole pair": ("\ud83d\ud83d\udc1f\udc1f", "\ufffd\U0001f41f\ufffd"),
    "deep": ({"a": [["x", {"b": "\ud83d"}], 5]}, {"a": [["x", {"b": "\ufffd"}], 5]}),
    "in a list": (["one", "two \ud83d", None], ["one", "two \ufffd", None]),
    "none": ("whole \U0001f41f", "whole \U0001f41f"),
    "in a text of more characters than a loop may have statements": (
        "boat " * 209_000 + "\ud83d",
        "boat " * 209_000 + "\ufffd",
    ),
}


@pytest.mark.parametrize("where", HALVES)
def test_half_a_surrogate_pair_becomes_a_replacement_character(way: Way, where: str) -> None:
    """As by the plugin, whether the document holds a picture or not."""
    text, whole = HALVES[where]
    assert way({"title": text}) == {"title": whole}
    assert way({"title": text, "_own": text, "image": {"alt": text}}) == {
        **{"title": whole, "_own": whole, "image": {"alt": whole}},
    }
    stored = way({"title": text, "image": {"data": OTHER, "alt": text}})
    assert (stored["title"], stored["image"]["alt"]) == (whole, whole)
    assert stored["image"]["format"] == "jpeg"


def test_a_list_of_more_elements_than_a_loop_may_have_statements_passes(way: Way) -> None:
    numbers = [7] * 1_100_000
    assert way({"numbers": numbers}) == {"numbers": numbers}
