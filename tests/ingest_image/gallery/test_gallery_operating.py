"""A stored picture is turned, mirrored and cropped by one-off operations of its document."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.helpers.fake_elasticsearch import OWN, make, stored
from tests.helpers.writable_elasticsearch import WritableElasticsearch

SEEN = {"v": "ab" * 6}
PAGE = "/operate/images?id=1"
MISSES = {"error": {"type": "x", "reason": "[missing_data] there are operations, but no picture"}}
DISABLED = {"error": {"reason": "[document_operations_disabled] the pipeline says [document_operations: false]"}}


@pytest.fixture
def es() -> WritableElasticsearch:
    fake = WritableElasticsearch()
    fake.documents = {"1": {"title": "A lake", "image": stored()}}
    fake.pipeline = "images"
    fake.tried = [MISSES, MISSES, MISSES]
    return fake


@pytest.fixture
def page(es: WritableElasticsearch) -> FlaskClient:
    return make(es)


def updates(es: WritableElasticsearch) -> list[Any]:
    return [body["doc"]["image"]["operations"] for _, target, body in es.calls if "/_update/" in target]


@pytest.mark.parametrize(
    ("form", "operation"),
    [
        ({"operation": "left"}, {"rotate": {"degrees": 270}}),
        ({"operation": "right"}, {"rotate": {"degrees": 90}}),
        ({"operation": "mirror"}, {"flip": {"direction": "horizontal"}}),
        ({"operation": "flip"}, {"flip": {"direction": "vertical"}}),
        (
            {"operation": "crop", "left": "25", "top": "10", "right": "0", "bottom": "40.5"},
            {"crop": {"left": 0.25, "top": 0.1, "width": 0.75, "height": 0.495, "unit": "fraction"}},
        ),
    ],
)
def test_an_operation_is_asked_for_once(
    page: FlaskClient, es: WritableElasticsearch, form: dict[str, str], operation: dict[str, Any]
) -> None:
    answer = page.post(f"{PAGE}&q=lake", data=SEEN | form, headers={"Sec-Fetch-Site": "same-origin"})
    assert (answer.status_code, answer.location) == (303, "/picture/images?id=1&q=lake")
    assert updates(es) == [[operation]]


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({}, "The operation must be one of left"),
        ({"operation": "blur"}, "The operation must be one of left"),
        ({"operation": "crop"}, "Say how much is to be cut away"),
        ({"operation": "crop", "left": "60", "right": "40"}, "nothing of the picture"),
        ({"operation": "crop", "left": "nan", "top": "inf"}, "nothing of the picture"),
    ],
)
def test_what_makes_no_sense(page: FlaskClient, es: WritableElasticsearch, form: dict[str, str], says: str) -> None:
    answer = page.post(PAGE, data=SEEN | form, headers=OWN)
    assert answer.status_code == 400 and says in answer.get_json()["error"] and updates(es) == []


def test_a_picture_that_nobody_has_seen_is_not_changed(page: FlaskClient, es: WritableElasticsearch) -> None:
    answer = page.post(PAGE, data={"operation": "left", "v": "cd" * 6}, headers=OWN)
    assert answer.status_code == 409 and "Look at it first" in answer.get_json()["error"] and updates(es) == []


def test_the_buttons_say_what_the_pipeline_does_not_allow(page: FlaskClient, es: WritableElasticsearch) -> None:
    assert not re.search(r'name="operation"[^>]*disabled', page.get("/picture/images?id=1").text)
    es.tried = [DISABLED, MISSES, DISABLED]
    html = page.get("/picture/images?id=1").text
    off = re.findall(r'name="operation" value="(\w+)"[^>]*disabled aria-describedby="refused"', html)
    assert off == ["left", "right"] and 'value="crop"' not in html
    assert 'id="refused">The pipeline says [document_operations: false]</p>' in html
    answer = page.post(PAGE, data=SEEN | {"operation": "left"}, headers=OWN)
    assert answer.get_json() == {"error": "The pipeline says [document_operations: false]"} and updates(es) == []


@pytest.mark.parametrize(("pipeline", "tried"), [(None, []), ("images", [{"doc": {"_source": {}}}] * 3)])
def test_an_index_whose_pipeline_does_nothing_with_pictures(
    page: FlaskClient, es: WritableElasticsearch, pipeline: str | None, tried: list[Any]
) -> None:
    es.pipeline, es.tried = pipeline, tried
    answer = page.post(PAGE, data=SEEN | {"operation": "left"}, headers=OWN)
    assert answer.status_code == 400 and "changes pictures" in answer.get_json()["error"] and updates(es) == []


def test_without_the_privilege_to_ask_the_update_says_it(
    page: FlaskClient, es: WritableElasticsearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    es.tried = []
    es.pipeline = "gone"
    answer = es.answer
    monkeypatch.setattr(
        es, "answer", lambda method, path, body: None if "_simulate" in path else answer(method, path, body)
    )
    assert not re.search(r'name="operation"[^>]*disabled', page.get("/picture/images?id=1").text)
    assert page.post(PAGE, data=SEEN | {"operation": "left"}, headers=OWN).status_code == 303


@pytest.mark.parametrize("image", [[stored(), stored()], [{"data": "x"}, stored()], {"data": "x"}])
def test_documents_without_one_processed_picture(page: FlaskClient, es: WritableElasticsearch, image: Any) -> None:
    es.documents["1"]["image"] = image
    html = page.get("/picture/images?id=1")
    assert html.status_code == 200 and not re.search(r'name="operation"(?![^>]*disabled)', html.text)
    assert page.post(PAGE, data=SEEN | {"operation": "left"}, headers=OWN).status_code == 400
    assert updates(es) == []


def test_a_refusal_is_told(page: FlaskClient, es: WritableElasticsearch) -> None:
    es.refuses = 503, {"type": "x", "reason": "[service_unavailable] nobody is there"}
    answer = page.post(PAGE, data=SEEN | {"operation": "left"}, headers=OWN)
    assert answer.status_code == 400 and "cannot reach the processor service" in answer.get_json()["error"]


def test_a_gallery_that_only_shows(es: WritableElasticsearch) -> None:
    page = make(es, read_only=True)
    assert 'name="operation"' not in page.get("/picture/images?id=1").text
    assert page.post(PAGE, data=SEEN | {"operation": "left"}, headers=OWN).status_code == 403


def test_other_sites_change_nothing(page: FlaskClient, es: WritableElasticsearch) -> None:
    form = SEEN | {"operation": "left"}
    assert page.post(PAGE, data=form, headers={"Origin": "http://evil.example"}).status_code == 403
    assert updates(es) == []
