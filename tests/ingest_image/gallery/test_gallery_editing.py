"""Title, description and tags are changed on the page."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.helpers.fake_elasticsearch import make, stored
from tests.helpers.writable_elasticsearch import WritableElasticsearch

PAGE = "/edit/images?id=1"
OURS = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def es() -> WritableElasticsearch:
    fake = WritableElasticsearch()
    fake.documents = {"1": {"title": "A lake", "tags": ["water"], "image": stored()}}
    return fake


@pytest.fixture
def page(es: WritableElasticsearch) -> FlaskClient:
    return make(es)


def filled(page: FlaskClient, **words: str) -> dict[str, str]:
    """The form as somebody sends it who opened it now."""
    html = page.get(PAGE).text
    (was,) = re.findall(r'name="was" value="(\w+)"', html)
    return {"title": "A lake", "description": "", "tags": "water", "was": was, **words}


def updates(es: WritableElasticsearch) -> list[Any]:
    return [body for _, target, body in es.calls if "/_update/" in target]


def test_only_what_changed_is_written(page: FlaskClient, es: WritableElasticsearch) -> None:
    form = filled(page, description=" Deep\r\nand cold ", tags="water,  ice , water,")
    answer = page.post(f"{PAGE}&q=lake", data=form, headers=OURS)
    assert (answer.status_code, answer.location) == (303, "/picture/images?id=1&q=lake")
    assert updates(es) == [{"doc": {"description": "Deep\nand cold", "tags": ["water", "ice"]}}]
    html = page.get("/picture/images?id=1").text
    assert '<p class="description" dir="auto">Deep\nand cold</p>' in html
    assert 'href="/?f=tags:ice"' in html and "<dt>tags</dt>" not in html


def test_nothing_changed_is_nothing_written(page: FlaskClient, es: WritableElasticsearch) -> None:
    assert page.post(PAGE, data=filled(page), headers=OURS).status_code == 303
    assert updates(es) == []


def test_words_are_taken_away(page: FlaskClient, es: WritableElasticsearch) -> None:
    page.post(PAGE, data=filled(page, title="", tags=""), headers=OURS)
    assert updates(es) == [{"doc": {"title": None, "tags": None}}]


def test_newer_words_are_shown_and_not_overwritten(page: FlaskClient, es: WritableElasticsearch) -> None:
    form = filled(page, title="Mine")
    es.change("1", title="Theirs")
    answer = page.post(PAGE, data=form, headers=OURS)
    assert answer.status_code == 409 and updates(es) == []
    assert 'value="Mine"' in answer.text and 'Now stored: <b dir="auto">Theirs</b>' in answer.text
    # Whoever saw that may insist.
    form["was"] = re.findall(r'name="was" value="(\w+)"', answer.text)[0]
    assert page.post(PAGE, data=form, headers=OURS).status_code == 303
    assert es.documents["1"]["title"] == "Mine"


def test_a_change_of_something_else_is_no_conflict(page: FlaskClient, es: WritableElasticsearch) -> None:
    form = filled(page, title="Mine")
    es.change("1", views=7)
    assert page.post(PAGE, data=form, headers=OURS).status_code == 303
    assert (es.documents["1"]["title"], es.documents["1"]["views"]) == ("Mine", 7)


def test_a_write_between_reading_and_writing(
    page: FlaskClient, es: WritableElasticsearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    update = es._update

    def later(id: str, *args: Any) -> Any:
        monkeypatch.setattr(es, "_update", update)
        es.change("1", title="Theirs")
        return update(id, *args)

    form = filled(page, title="Mine")
    monkeypatch.setattr(es, "_update", later)
    assert page.post(PAGE, data=form, headers=OURS).status_code == 409
    assert es.documents["1"]["title"] == "Theirs"


@pytest.mark.parametrize(
    ("mapping", "locked", "says"),
    [
        ({}, "", ""),
        ({"dynamic": False}, "", "The index images stores it, but has no field description"),
        ({"dynamic": "strict"}, "disabled", "The index images has no field description, and its mapping allows no new"),
        ({"properties": {"description": {"type": "text"}}, "dynamic": "strict"}, "", ""),
        ({"properties": {"description": {"properties": {}}}}, "disabled", ".*for object, not for words"),
    ],
)
def test_indices_without_such_a_field(
    page: FlaskClient, es: WritableElasticsearch, mapping: dict[str, Any], locked: str, says: str
) -> None:
    es.mapping = {"properties": {}, **mapping}
    html = page.get(PAGE).text
    assert re.findall(r'id="edit-description"[^>]*?(disabled|)>', html) == [locked]
    assert re.search(rf'id="about-description">{says}', html) if says else '"about-description"></p>' in html


def test_a_field_that_holds_something_else_is_left_alone(page: FlaskClient, es: WritableElasticsearch) -> None:
    es.documents["1"] |= {"title": {"en": "Lake"}, "tags": ["a", 1]}
    assert len(re.findall("disabled>", page.get(PAGE).text)) == 2


def test_a_refused_change_is_told_with_what_was_written(page: FlaskClient, es: WritableElasticsearch) -> None:
    es.refuses = 400, {"type": "document_parsing_exception", "reason": "failed to parse field [tags] of type [date]"}
    answer = page.post(PAGE, data=filled(page, title="Mine"), headers=OURS)
    assert answer.status_code == 400 and "Failed to parse field [tags]" in answer.text and 'value="Mine"' in answer.text


@pytest.mark.parametrize("words", [{"title": "x" * 1001}, {"tags": ",".join(map(str, range(201)))}])
def test_too_many_words(page: FlaskClient, es: WritableElasticsearch, words: dict[str, str]) -> None:
    answer = page.post(PAGE, data=filled(page, **words), headers=OURS)
    assert answer.status_code == 400 and "may have at most" in answer.text and updates(es) == []


def test_words_are_escaped(page: FlaskClient, es: WritableElasticsearch) -> None:
    hostile = '"><script>alert(1)</script>'
    es.documents["1"] |= {"title": hostile, "description": f"</textarea>{hostile}", "tags": [hostile]}
    for path in (PAGE, "/picture/images?id=1"):
        assert "<script>alert" not in page.get(path).text


def test_other_indices_cannot_be_changed(page: FlaskClient) -> None:
    assert page.post("/edit/.security?id=1", data={}, headers=OURS).status_code == 404
    assert page.get("/edit/images?id=9").status_code == 404


def test_an_id_is_no_way_to_another_path(page: FlaskClient, es: WritableElasticsearch) -> None:
    es.documents[".."] = es.documents["1"]
    form = filled(page, title="Mine")
    assert page.post("/edit/images?id=..", data=form, headers=OURS).status_code == 303
    assert [target.partition("?")[0] for _, target, _ in es.calls if "_update" in target] == ["/images/_update/%2E%2E"]


def test_a_gallery_that_only_shows(es: WritableElasticsearch) -> None:
    page = make(es, read_only=True)
    assert "/edit/" not in page.get("/picture/images?id=1").text
    assert page.get(PAGE).status_code == 403
    assert page.post(PAGE, data={"title": "x"}, headers=OURS).status_code == 403
    assert updates(es) == []


def test_other_sites_change_nothing(page: FlaskClient, es: WritableElasticsearch) -> None:
    form = filled(page, title="Mine")
    assert page.post(PAGE, data=form, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert page.post(PAGE, data=form).status_code == 403
    assert updates(es) == []
