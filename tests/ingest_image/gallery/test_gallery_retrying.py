"""A picture with a problem goes through its pipeline again."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.helpers.fake_elasticsearch import OWN, make, stored
from tests.helpers.writable_elasticsearch import WritableElasticsearch

PAGE = "/retry/images?id=1"
PIPELINES = "/_ingest/pipeline"
PROBLEM = {"code": "service_unavailable", "reason": "nobody was there"}


@pytest.fixture
def es() -> WritableElasticsearch:
    fake = WritableElasticsearch()
    fake.documents = {"1": {"title": "Late", "image": {"url": "https://pictures.example/1.jpg", "error": PROBLEM}}}
    fake.pipeline = "images"
    # What the pipeline makes of what is written.
    fake.made = {"image": stored()}
    return fake


@pytest.fixture
def page(es: WritableElasticsearch) -> FlaskClient:
    return make(es)


def writes(es: WritableElasticsearch) -> list[Any]:
    return [body for _, target, body in es.calls if target.startswith("/_bulk")]


def test_the_whole_document_is_written_again_as_it_was_read(page: FlaskClient, es: WritableElasticsearch) -> None:
    assert 'action="/retry/images?id=1"' in page.get("/picture/images?id=1").text
    before = es.documents["1"]
    answer = page.post(f"{PAGE}&q=x", data={}, headers={"Sec-Fetch-Site": "same-origin"})
    assert (answer.status_code, answer.location) == (303, "/picture/images?id=1&q=x")
    ((action, source),) = writes(es)
    assert action["index"]["if_seq_no"] == 0 and source == before
    assert "/retry/" not in page.get("/picture/images?id=1").text


@pytest.mark.parametrize(
    ("change", "status", "says"),
    [
        ({"made": {"image": {"error": PROBLEM}}}, 400, "It has the same problem again: service unavailable"),
        ({"documents": {"1": {"image": {"error": PROBLEM}}}}, 400, "does not hold its picture any more"),
        ({"pipeline": None}, 400, "has no pipeline"),
        ({"refuses": (400, {"reason": "[invalid_recipe] no"})}, 400, "400 [invalid_recipe] no"),
        ({"refuses": (503, {"reason": "[service_unavailable] no"})}, 400, "It cannot be processed now"),
        ({"refuses": (409, {"reason": "conflict"})}, 409, "Look at it first"),
        ({"documents": {}}, 404, "no such page or picture"),
    ],
)
def test_what_did_not_work_is_told(
    page: FlaskClient, es: WritableElasticsearch, change: dict[str, Any], status: int, says: str
) -> None:
    vars(es).update(change)
    answer = page.post(PAGE, data={}, headers=OWN)
    assert answer.status_code == status and says in answer.get_json()["error"]


def test_who_may_not(page: FlaskClient, es: WritableElasticsearch) -> None:
    only_shows = make(es, read_only=True)
    assert "/retry/" not in only_shows.get("/picture/images?id=1").text
    assert only_shows.post(PAGE, data={}, headers=OWN).status_code == 403
    assert page.post(PAGE, data={}, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert writes(es) == []


@pytest.fixture
def elsewhere(es: WritableElasticsearch) -> WritableElasticsearch:
    """The pipeline puts pictures into another field than the one that is shown."""
    es.pipelines["images"] = {"processors": [{"image": {"field": "file", "target_field": "about.photo"}}]}
    failed = {"photo": {"error": PROBLEM | {"request_id": "r-1"}}}
    es.documents["1"] = {"title": "Elsewhere", "file": "aGVsbG8h" * 99, "about": failed}
    es.made = {"about": {"photo": stored()}}
    return es


def test_a_problem_in_another_field_is_shown_and_tried_again(
    page: FlaskClient, elsewhere: WritableElasticsearch
) -> None:
    html = page.get("/picture/images?id=1").text
    assert "no picture in its field <code>image</code>" in html
    assert "594 B as base64" in html and "aGVsbG8h" not in html
    assert f"<code>about.photo</code>: {PROBLEM['reason']}" in html
    assert "Problem in about.photo" in html and PROBLEM["reason"] in html and "r-1" in html
    before = elsewhere.documents["1"]
    answer = page.post(PAGE, data={}, headers=OWN)
    assert (answer.status_code, answer.location) == (303, "/picture/images?id=1")
    ((_, source),) = writes(elsewhere)
    assert source == before
    html = page.get("/picture/images?id=1").text
    assert "Problem in" not in html and "/retry/" not in html


def test_what_another_field_has_again_or_has_lost_is_told(page: FlaskClient, elsewhere: WritableElasticsearch) -> None:
    elsewhere.made = {}
    answer = page.post(PAGE, data={}, headers=OWN)
    assert answer.status_code == 400 and "the same problem again" in answer.get_json()["error"]
    del elsewhere.documents["1"]["file"]
    answer = page.post(PAGE, data={}, headers=OWN)
    assert answer.status_code == 400 and "does not hold its picture any more" in answer.get_json()["error"]


def test_an_error_in_a_field_without_pictures_is_no_problem(page: FlaskClient, es: WritableElasticsearch) -> None:
    es.documents["1"] = {"title": "A log line", "response": {"error": {"code": "404"}}, "image": stored()}
    html = page.get("/picture/images?id=1").text
    assert "Problem in" not in html and "/retry/" not in html
    # Without anything like an error, nobody is asked.
    es.documents["1"] = {"title": "A lake", "image": stored()}
    es.calls.clear()
    page.get("/picture/images?id=1")
    assert [target for _, target, _ in es.calls if target.startswith("/_ingest/pipeline?") or target == PIPELINES] == []
