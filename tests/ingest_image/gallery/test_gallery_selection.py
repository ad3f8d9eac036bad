"""Pictures are selected in the grid, and tagged together."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.helpers.fake_elasticsearch import OWN, make, stored
from tests.helpers.writable_elasticsearch import WritableElasticsearch

BOTH = ["images/1", "images/2"]


@pytest.fixture
def es() -> WritableElasticsearch:
    fake = WritableElasticsearch()
    fake.documents = {"1": {"title": "One", "tags": ["old"], "image": stored()}, "2": {"title": 'A "b"'}}
    return fake


@pytest.fixture
def page(es: WritableElasticsearch) -> FlaskClient:
    return make(es)


def writes(es: WritableElasticsearch) -> list[Any]:
    return [body for _, target, body in es.calls if "/_update/" in target]


def test_pictures_can_be_ticked(page: FlaskClient) -> None:
    html = page.get("/?q=lake").text
    assert re.findall(r'name="doc" value="([^"]+)" form="selection"', html) == BOTH
    assert 'aria-label="Select A &#34;b&#34;"' in html
    actions = re.findall(r'(?:form)?action="(/(?:tag|download|delete)[^"]*)"', html)
    assert actions == ["/download", "/tag?q=lake", "/delete/ask?q=lake"]
    # Enter in the field of tags presses the first button.
    assert html.index("/tag?q=lake") < html.index("data-download")


def test_a_strip_of_pictures_has_no_ticks(page: FlaskClient, es: WritableElasticsearch) -> None:
    es.documents["2"] = {"title": "Copy", "image": stored()}
    html = page.get("/picture/images?id=1").text
    assert "exact copy" in html and 'class="choose"' not in html


def test_tags_are_added_to_those_that_lack_them(page: FlaskClient, es: WritableElasticsearch) -> None:
    answer = page.post("/tag", data={"doc": BOTH, "tags": " old ,new"}, headers=OWN)
    assert answer.get_json() == {"tagged": 2, "failed": [], "sentence": "2 pictures tagged"}
    assert [es.documents[id]["tags"] for id in ("1", "2")] == [["old", "new"], ["old", "new"]]
    page.post("/tag", data={"doc": BOTH, "tags": "new"}, headers=OWN)
    assert len(writes(es)) == 2


def test_a_tag_that_somebody_adds_meanwhile_stays(
    page: FlaskClient, es: WritableElasticsearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    update = es._update

    def later(id: str, *args: Any) -> Any:
        monkeypatch.setattr(es, "_update", update)
        es.change("1", tags=["old", "theirs"])
        return update(id, *args)

    monkeypatch.setattr(es, "_update", later)
    page.post("/tag", data={"doc": "images/1", "tags": "mine"}, headers=OWN)
    assert es.documents["1"]["tags"] == ["old", "theirs", "mine"]


def test_those_that_cannot_be_tagged_are_named(page: FlaskClient, es: WritableElasticsearch) -> None:
    es.refuses = 400, {"reason": "mapping set to strict, dynamic introduction of [tags] is not allowed"}
    form = {"doc": [*BOTH, "images/3"], "tags": "new"}
    html = page.post("/tag?q=lake", data=form, headers={"Sec-Fetch-Site": "same-origin"}).text
    assert "<h1>0 pictures tagged</h1>" in html and "<li>One: mapping set to strict" in html
    assert "images/3: it was deleted" in html and 'href="/?q=lake"' in html


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"doc": BOTH}, 400),
        ({"doc": BOTH, "tags": " , "}, 400),
        ({"tags": "new"}, 400),
        ({"doc": [".security/1", "images/1"], "tags": "new"}, 404),
    ],
)
def test_what_makes_no_sense(page: FlaskClient, es: WritableElasticsearch, form: dict[str, Any], status: int) -> None:
    assert page.post("/tag", data=form, headers=OWN).status_code == status
    assert writes(es) == []


def test_a_gallery_that_only_shows(es: WritableElasticsearch) -> None:
    page = make(es, read_only=True)
    html = page.get("/").text
    assert 'action="/download"' in html and "/tag" not in html and "/delete" not in html
    assert page.post("/tag", data={"doc": BOTH, "tags": "new"}, headers=OWN).status_code == 403


def test_other_sites_tag_nothing(page: FlaskClient, es: WritableElasticsearch) -> None:
    assert page.post("/tag", data={"doc": BOTH, "tags": "x"}, headers={"Sec-Fetch-Site": "none"}).status_code == 403
    assert writes(es) == []
