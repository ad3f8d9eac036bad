"""Pictures are deleted on the page: those that were seen, and no newer versions of them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.helpers.fake_elasticsearch import OWN, make, stored
from tests.helpers.writable_elasticsearch import WritableElasticsearch

PEOPLE = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def es() -> WritableElasticsearch:
    fake = WritableElasticsearch()
    fake.documents = {name: {"title": f"Title {name}", "image": stored()} for name in ("1", "a/b:c", "..")}
    return fake


@pytest.fixture
def page(es: WritableElasticsearch) -> FlaskClient:
    return make(es)


def versions(page: FlaskClient, *ids: str) -> list[str]:
    answer = page.post("/delete/ask", data={"doc": [f"images/{id}" for id in ids]}, headers=OWN)
    return [one["version"] for one in answer.get_json()["documents"]]


def test_what_was_asked_for_is_deleted(page: FlaskClient, es: WritableElasticsearch) -> None:
    answer = page.post("/delete", data={"version": versions(page, "a/b:c", "..")}, headers=OWN)
    assert answer.get_json() == {"deleted": 2, "changed": 0, "failed": [], "sentence": "2 pictures deleted"}
    assert set(es.documents) == {"1"}


def test_asking_deletes_nothing(page: FlaskClient, es: WritableElasticsearch) -> None:
    assert versions(page, "1", "gone") == ["0:1:images/1"]
    assert len(es.documents) == 3


def test_without_script_a_page_asks(page: FlaskClient, es: WritableElasticsearch) -> None:
    html = page.post("/delete/ask?q=lake", data={"doc": ["images/1", "images/.."]}, headers=PEOPLE).text
    assert "Delete 2 pictures?" in html and "Title 1" in html and 'href="/?q=lake" data-back>Cancel' in html
    form = {"version": re.findall(r'name="version" value="([^"]+)"', html)}
    (action,) = re.findall(r'<form method="post" action="(/delete[^"]*)"', html)
    html = page.post(action, data=form, headers=PEOPLE).text
    assert "<h1>2 pictures deleted</h1>" in html and 'href="/?q=lake"' in html
    assert set(es.documents) == {"a/b:c"}


def test_what_somebody_changed_or_deleted_meanwhile_stays(page: FlaskClient, es: WritableElasticsearch) -> None:
    seen = versions(page, "1", "..", "a/b:c")
    es.change("1", title="New")
    del es.documents[".."]
    answer = page.post("/delete", data={"version": seen}, headers=OWN).get_json()
    assert answer["sentence"] == "1 picture deleted, 2 changed or deleted by somebody meanwhile"
    assert set(es.documents) == {"1"}


def test_what_elasticsearch_refuses_is_told(page: FlaskClient, es: WritableElasticsearch) -> None:
    es.refuses = 403, {"type": "cluster_block_exception", "reason": "index [images] blocked"}
    html = page.post("/delete", data={"version": versions(page, "1")}, headers=PEOPLE).text
    assert "<h1>0 pictures deleted</h1>" in html and "<p>1 could not be deleted.</p>" in html
    assert "1: 403 index [images] blocked" in html


@pytest.mark.parametrize(
    ("path", "form", "status"),
    [
        ("/delete/ask", {}, 400),
        ("/delete/ask", {"doc": "images"}, 400),
        ("/delete/ask", {"doc": [f"images/{number}" for number in range(1001)]}, 400),
        ("/delete/ask", {"doc": ".security/1"}, 404),
        ("/delete", {}, 400),
        ("/delete", {"version": "1"}, 400),
        ("/delete", {"version": "x:1:images/1"}, 400),
        # Elasticsearch would refuse the others beside these, too.
        ("/delete", {"version": ["0:1:images/1", "0:1:images/"]}, 400),
        ("/delete", {"version": ["0:1:images/1", f"{2**63}:1:images/.."]}, 400),
        ("/delete", {"version": ["0:1:images/1", "-1:1:images/.."]}, 400),
        ("/delete", {"version": ["0:1:images/1", "0:0:images/.."]}, 400),
        ("/delete", {"version": ["0:1:images/1", f"0:{2**63}:images/.."]}, 400),
        ("/delete", {"version": "0:1:.security/1"}, 404),
    ],
)
def test_what_cannot_be_deleted(
    page: FlaskClient, es: WritableElasticsearch, path: str, form: dict[str, Any], status: int
) -> None:
    assert page.post(path, data=form, headers=OWN).status_code == status
    assert not [call for call in es.calls if "_bulk" in call[1]]


@pytest.mark.parametrize("path", ["/delete", "/delete/ask"])
def test_a_gallery_that_only_shows(es: WritableElasticsearch, path: str) -> None:
    page = make(es, read_only=True)
    assert "data-delete" not in page.get("/picture/images?id=1").text
    assert page.post(path, data={"doc": "images/1", "version": "0:1:images/1"}, headers=OWN).status_code == 403
    assert len(es.documents) == 3


@pytest.mark.parametrize("path", ["/delete", "/delete/ask"])
def test_other_sites_delete_nothing(page: FlaskClient, es: WritableElasticsearch, path: str) -> None:
    form = {"doc": "images/1", "version": "0:1:images/1"}
    assert page.post(path, data=form, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert page.get(path).status_code in (404, 405)
    assert len(es.documents) == 3
