"""The page of duplicates, with Flask's client; browser/test_duplicates.py has a real node."""

from __future__ import annotations

import json
import re
import threading
from typing import Any

import pytest
from elastic_transport import ConnectionError as NoConnection

from ingest_image.gallery import app as app_module
from ingest_image.gallery.looking import Looking, Tick
from ingest_image.search.comparing.union import Key
from tests.helpers.fake_elasticsearch import FakeElasticsearch, make, stored

SAME = {"Sec-Fetch-Site": "same-origin"}
KEYS = [("images", "1"), ("images", "2"), ("images", "3")]


@pytest.fixture
def twins(es: FakeElasticsearch, monkeypatch: pytest.MonkeyPatch) -> FakeElasticsearch:
    """Three pictures that are one cluster."""
    es.documents = {id: {"title": f"Twin {id}", "image": stored()} for _, id in KEYS}
    real = es.answer

    def answer(method: str, path: str, body: Any) -> Any:
        found = real(method, path, body)
        for doc in found["docs"] if path.endswith("_mget") else ():
            doc |= {"_seq_no": int(doc["_id"]), "_primary_term": 1}
        return {"items": [], "errors": False} if path.endswith("_bulk") else {} if path.endswith("_refresh") else found

    monkeypatch.setattr(es, "answer", answer)
    monkeypatch.setattr(app_module, "find_clusters", lambda engine, **_: [list(KEYS)])
    return es


def value(id: str, seq_no: int = 1, index: str = "images") -> str:
    return json.dumps([index, id, seq_no, 1])


def test_the_clusters_are_shown_with_what_they_share(twins: FakeElasticsearch) -> None:
    html = make(twins).get("/duplicates").text
    assert "1 picture is there several times" in html and "3 pictures" in html
    assert html.count("exact copy") == 2 and html.count("Keep this one") == 3
    assert 'href="/duplicates">Duplicates' in make(twins).get("/").text


def test_what_is_deleted_is_asked_first(twins: FakeElasticsearch) -> None:
    page = make(twins)
    form = {"keep": value("2", 2), "other": [value("1"), value("2", 2), value("3", 3)]}
    html = page.post("/duplicates/keep", data=form, headers=SAME).text
    assert "Delete 2 pictures?" in html and "They cannot be brought back" in html
    assert re.findall(r"<h2>(.*?)</h2>.*?Twin (\d)", html, re.DOTALL) == [
        ("This one stays", "2"),
        ("To be deleted", "1"),
    ]
    assert not [target for _, target, _ in twins.calls if "_bulk" in target]


@pytest.mark.parametrize(
    ("keep", "other"),
    [
        ("", value("1")),
        (value("1"), value("2", index=".security")),
        (value("1", index=".security"), value("2")),
        (value("1"), '["images", "2", "x", 1]'),
        (value("1"), "[" * 50_000),
        (value(""), value("1")),
        (value("1"), value("")),
        (value("1"), value("2", 2**63)),
        (value("1"), value("2", -1)),
        (value("1", 2**63), value("2")),
        (value("1"), json.dumps(["images", "2", 1, 0])),
        (value("1"), json.dumps(["images", "2", 1, 2**63])),
        (value("1"), value("1")),
        (value("9"), value("1")),
    ],
)
def test_forms_that_no_page_of_ours_made_delete_nothing(twins: FakeElasticsearch, keep: str, other: str) -> None:
    answer = make(twins).post("/duplicates/keep", data={"keep": keep, "other": other, "sure": "1"}, headers=SAME)
    assert answer.status_code == 400
    assert not [target for _, target, _ in twins.calls if "_bulk" in target]


def test_nobody_else_can_delete(twins: FakeElasticsearch) -> None:
    form = {"keep": value("2", 2), "other": value("1"), "sure": "1"}
    assert make(twins).post("/duplicates/keep", data=form).status_code == 403
    page = make(twins, read_only=True)
    assert "Keep this one" not in page.get("/duplicates").text
    assert page.post("/duplicates/keep", data=form, headers=SAME).status_code == 403


def test_a_look_that_takes_long_goes_on_beside_the_pages(
    twins: FakeElasticsearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    done, started = threading.Event(), []

    def slow(engine: Any, *, turned: bool, tick: Tick) -> list[list[Key]]:
        started.append(engine)
        tick("read", 1000)
        assert done.wait(120)
        return [list(KEYS)]

    monkeypatch.setattr(app_module, "find_clusters", slow)
    monkeypatch.setattr("ingest_image.gallery.showing.duplicates_page._WAIT", 0.1)
    page = make(twins)
    for _ in range(2):
        html = page.get("/duplicates").text
        assert "1\u202f000 pictures read so far" in html and 'http-equiv="refresh"' in html
    done.set()
    monkeypatch.setattr("ingest_image.gallery.showing.duplicates_page._WAIT", 10)
    assert "3 pictures" in page.get("/duplicates").text and len(started) == 1
    assert page.post("/duplicates/again", headers=SAME).status_code == 303 and len(started) == 2


def test_what_went_wrong_is_said() -> None:
    def fail(tick: Tick) -> list[list[Key]]:
        raise NoConnection("refused")

    looking = Looking(fail)
    looking.start(wait=10)
    assert looking.clusters == [] and "does not answer" in looking.sentence
    looking.clusters = [list(KEYS), [("images", "4"), ("images", "5")]]
    looking.forget([("images", "1"), ("images", "4")])
    assert looking.clusters == [KEYS[1:]]


def test_what_is_deleted_before_somebody_has_looked_does_not_mean_that_there_are_none(twins: FakeElasticsearch) -> None:
    page = make(twins)
    form = {"keep": value("2", 2), "other": value("1"), "sure": "1"}
    assert page.post("/duplicates/keep", data=form, headers=SAME).status_code == 303
    assert "3 pictures" in page.get("/duplicates").text


def test_the_way_back_from_a_picture_leads_to_its_page_of_the_duplicates(twins: FakeElasticsearch) -> None:
    page = make(twins)
    address = "/picture/images?id=1&amp;duplicates=1"
    assert f'href="{address}"' in page.get("/duplicates").text
    html = page.get(f"{address.replace('&amp;', '&')}").text
    assert 'href="/duplicates?page=1" data-back' in html and "<span>Duplicates</span>" in html
    # Also after it was edited, and from the page that asks.
    assert "duplicates=1" in page.get("/edit/images?id=1&duplicates=1").text
    form = {"keep": value("2", 2), "other": value("1"), "page": "7"}
    asked = page.post("/duplicates/keep", data=form, headers=SAME).text
    assert 'href="/duplicates?page=7" data-back' in asked and "id=1&amp;duplicates=7" in asked
    # A search from there is one like any other.
    assert "duplicates" not in page.get("/?q=twin&duplicates=1").text.partition("<main")[0]
