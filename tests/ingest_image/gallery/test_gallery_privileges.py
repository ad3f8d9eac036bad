"""Whoever changes something without the privilege is told so in a sentence of ours, on every way of the page."""

from __future__ import annotations

import io

import pytest
from flask.testing import FlaskClient

from tests.helpers.fake_elasticsearch import OWN, make, stored
from tests.helpers.pictures import picture
from tests.helpers.writable_elasticsearch import WritableElasticsearch

DENIED = (
    "action [indices:data/write/update] is unauthorized for user [ann] with effective roles [r] on indices [images], "
    "this action is granted by the index privileges [index,write,all]"
)
SENTENCE = "[missing_privilege] user [ann] may not do this: it takes one of the index privileges index, write on images"


@pytest.fixture
def es() -> WritableElasticsearch:
    fake = WritableElasticsearch()
    fake.documents = {"1": {"title": "A lake", "image": stored(data="AAAA")}}
    fake.pipeline = "images"
    fake.tried = [{"error": {"type": "x", "reason": "[missing_data] there are operations, but no picture"}}] * 3
    fake.refuses = 403, {"type": "security_exception", "reason": DENIED}
    return fake


@pytest.fixture
def page(es: WritableElasticsearch) -> FlaskClient:
    return make(es)


@pytest.mark.parametrize(
    ("address", "form", "status"),
    [
        ("/operate/images?id=1", {"operation": "left", "v": "ab" * 6}, 403),
        ("/tag", {"doc": "images/1", "tags": "new"}, 200),
        ("/delete", {"version": "0:1:images/1"}, 200),
        ("/retry/images?id=1", {}, 400),
    ],
)
def test_a_change_without_the_privilege(page: FlaskClient, address: str, form: dict[str, str], status: int) -> None:
    answer = page.post(address, data=form, headers=OWN)
    said = answer.get_json()
    assert answer.status_code == status and SENTENCE in said.get("error", "".join(said.get("failed", []))), said
    # Without the script there is a page that says so.
    html = page.post(address, data=form, headers={"Sec-Fetch-Site": "same-origin"}).text
    assert SENTENCE in html and "is unauthorized" not in html


def test_what_was_written_into_the_form_stays(page: FlaskClient) -> None:
    html = page.get("/edit/images?id=1").text
    was = html.split('name="was" value="', 1)[1].split('"', 1)[0]
    answer = page.post("/edit/images?id=1", data={"was": was, "title": "Another lake"}, headers=OWN)
    assert answer.status_code == 403 and SENTENCE in answer.text and 'value="Another lake"' in answer.text


def test_a_picture_is_not_added(page: FlaskClient, es: WritableElasticsearch, monkeypatch: pytest.MonkeyPatch) -> None:
    perform = es.perform

    def denied(method: str, target: str, body: bytes | None) -> tuple[int, object]:
        if method == "PUT":
            return 403, {"error": {"type": "security_exception", "reason": DENIED}}
        return perform(method, target, body)

    monkeypatch.setattr(es, "perform", denied)
    data = {"file": (io.BytesIO(picture("pillow/flower.jpg")), "flower.jpg")}
    answer = page.post("/upload", data=data, headers=OWN)
    assert answer.status_code == 403 and answer.get_json()["error"].startswith(SENTENCE)
