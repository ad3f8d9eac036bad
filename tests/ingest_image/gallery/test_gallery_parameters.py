"""Addresses that no page of ours made: each parameter may be anything, and nothing is costly."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import urlencode

import pytest
from click.testing import CliRunner
from elastic_transport import ApiResponseMeta, HttpHeaders, NodeConfig
from elasticsearch import BadRequestError
from flask.testing import FlaskClient

from ingest_image.search.questions.cursor import Cursor
from ingest_image.search_command import search
from tests.helpers.fake_elasticsearch import FakeElasticsearch

WILD = {
    "long": "x" * 5000,
    "digits": "9" * 5000,
    "negative": "-1",
    "not a number": "nan",
    "infinite": "1e999",
    "nul": "\0",
    "slashes": "a/../b",
    "deep": base64.urlsafe_b64encode(b'{"after":' + b"[" * 40_000).decode(),
    "object": base64.urlsafe_b64encode(b'{"pit":{"id":1},"after":{"a":[]}}').decode(),
    "list": base64.urlsafe_b64encode(b"[[[[]]]]").decode(),
}
NAMES = (
    *("after", "q", "like", "near", "turned", "distance", "color", "color_distance", "color_share", "f", "size", "v"),
    *("order", "at", "page", "deleted", "changed", "failed", "person", "face", "duplicates"),
)
# What only one page knows.
ELSEWHERE = {
    **{"at": "/map", "order": "/request"},
    **dict.fromkeys(("page", "deleted", "changed", "failed"), "/duplicates"),
}


@pytest.mark.parametrize("name", [*NAMES, "id", "unknown"])
def test_a_parameter_may_be_anything(page: FlaskClient, name: str) -> None:
    more = {} if name == "id" else {"id": "1"}
    # Without these, nobody asks for the others.
    more |= {"face": {"person": "images/1"}, "changed": {"deleted": "1"}, "failed": {"deleted": "1"}}.get(name, {})
    # Pictures know but these two.
    paths = (
        ELSEWHERE.get(name, "/"),
        "/picture/images",
        *(("/image/images/0", "/thumbnail/images/0") if name in ("id", "v") else ()),
    )
    for path in paths:
        for value, wild in WILD.items():
            answer = page.get(f"{path}?{urlencode({name: wild, **more})}")
            assert answer.status_code in (200, 302, 400, 404), (path, value, answer.text[-500:])


@pytest.mark.parametrize("value", ["deep", "object", "list", "long"])
def test_a_mark_of_a_next_page_that_is_none_is_a_bad_request(page: FlaskClient, value: str) -> None:
    answer = page.get(f"/?{urlencode({'after': WILD[value]})}")
    assert answer.status_code == 400
    assert "This is not the cursor of a next page" in answer.text


@pytest.mark.parametrize("question", ["q=lake", "q=(lake"])
def test_a_mark_of_a_next_page_leads_to_no_other_index(page: FlaskClient, es: FakeElasticsearch, question: str) -> None:
    mark = Cursor(pit="of .security", after=(1,)).text()
    assert page.get(f"/?{question}&after={mark}").status_code == 200
    bodies = [body for _, target, body in es.calls if "_search" in target]
    assert len(bodies) == 2
    for body in bodies:
        assert {"terms": {"_index": ["images"]}} in body["query"]["bool"]["filter"]


def test_no_number_of_a_picture_is_too_large(page: FlaskClient) -> None:
    assert page.get(f"/image/images/{'9' * 5000}?id=1").status_code == 404


@pytest.mark.parametrize("words", ["*" * 900, "*a *b *c", "/((a{0,30}){0,30}){0,30}/", "a" * 1001])
def test_costly_words_do_not_reach_elasticsearch(
    page: FlaskClient, es: FakeElasticsearch, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    answer = page.get(f"/?{urlencode({'q': words})}")
    assert answer.status_code == 400 and "to search for" in answer.text.replace("not searched for", "to search for")
    monkeypatch.setattr("pipelines.cluster.client.Elasticsearch", lambda *args, **kwargs: es.client)
    result = CliRunner().invoke(search, [words])
    assert result.exit_code == 1 and "for: " in result.output
    assert not [target for _, target, _ in es.calls if "_search" in target]


@pytest.mark.parametrize(("name", "value"), [("f", "camera:x{}"), ("color", "#{:06x}")])
def test_a_long_list_makes_no_long_page(page: FlaskClient, es: FakeElasticsearch, name: str, value: str) -> None:
    """Each link of the page has all others of the list: ten thousand kept a thread busy for minutes."""
    answer = page.get(f"/?{urlencode([(name, value.format(number)) for number in range(400)])}")
    assert answer.status_code == 400 and "too many" in answer.text
    assert len(answer.text) < 200_000
    assert not [target for _, target, _ in es.calls if "_search" in target]


def test_every_search_has_a_time_limit(page: FlaskClient, es: FakeElasticsearch) -> None:
    page.get("/?q=lake")
    page.get("/?like=images/1&q=lake")
    searches = [body for _, target, body in es.calls if "_search" in target and "ids" not in str(body.get("query"))]
    searches += [body for _, target, lines in es.calls if "_msearch" in target for body in lines[1::2]]
    assert len(searches) > 4
    assert {body["timeout"] for body in searches} == {"10s"}


def test_a_first_page_opens_no_point_in_time(page: FlaskClient, es: FakeElasticsearch) -> None:
    page.get("/?q=lake")
    assert [
        ("pit" in body, body["size"], "aggregations" in body) for _, target, body in es.calls if "_search" in target
    ] == [
        (False, 48, False),
        (False, 0, True),
    ]
    assert not [target for _, target, _ in es.calls if "_pit" in target]


def test_pictures_and_counts_of_a_later_page_are_of_one_state_of_the_index(
    page: FlaskClient, es: FakeElasticsearch
) -> None:
    page.get(f"/?q=lake&after={Cursor(after=(1.5,), seen={'images': ['a']}).text()}")
    bodies = [body for _, target, body in es.calls if "_search" in target]
    assert [(body["pit"]["id"], body["size"], "aggregations" in body) for body in bodies] == [
        ("pit", 48, False),
        ("pit", 0, True),
    ]
    # It was the last page.
    assert [method for method, target, _ in es.calls if target.endswith("_pit")] == ["DELETE"]


def test_it_is_said_when_elasticsearch_ran_out_of_time(
    page: FlaskClient, es: FakeElasticsearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = es.answer

    def late(method: str, path: str, body: Any) -> Any:
        found = answer(method, path, body)
        return found | {"timed_out": True} if "hits" in found else found

    monkeypatch.setattr(es, "answer", late)
    assert "not all pictures were looked at" in page.get("/?q=lake").text


def test_what_elasticsearch_cannot_read_is_a_bad_request(
    page: FlaskClient, es: FakeElasticsearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    meta = ApiResponseMeta(400, "1.1", HttpHeaders(), 0.1, NodeConfig("http", "127.0.0.1", 9))
    page.get("/")  # The schema is read by then.
    real = es.perform

    def perform(method: str, target: str, body: bytes | None) -> tuple[int, object]:
        if "_search" in target:
            raise BadRequestError("bad", meta, {"error": {"reason": "Value is out of range for an integer"}})
        return real(method, target, body)

    monkeypatch.setattr(es, "perform", perform)
    answer = page.get("/?f=width:99999999999999999999")
    assert answer.status_code == 400
    assert "Value is out of range for an integer" in answer.text
