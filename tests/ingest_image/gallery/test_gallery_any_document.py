"""The pages show every document, whatever its fields hold."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, example, given, settings

from tests.helpers.any_document import ids, sources
from tests.helpers.fake_elasticsearch import FakeElasticsearch, stored
from tests.helpers.pictures import b64, picture

_NEVER_SHOWN = re.compile("[\ud800-\udfff\0-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069]")


def pages_of(page: FlaskClient) -> list[str]:
    """The grid, and every page and picture that it leads to."""
    grid = page.get("/")
    assert grid.status_code == 200, grid.text
    (link,) = re.findall(r'class="card"[^>]*>\s*<a href="([^"]*)"', grid.text)
    detail = page.get(html.unescape(link))
    assert detail.status_code == 200, detail.text
    for address in re.findall(r' src="(/(?:image|thumbnail)/[^"]*)"', grid.text + detail.text):
        assert page.get(html.unescape(address)).status_code in (200, 302, 404)
    return [grid.text, detail.text]


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(id=ids, source=sources)
@example(id="1", source={"title": "caf\udce9", "image": stored(colors=[{"hex": "#008080", "share": "much"}])})
@example(id="1", source={"image": stored(perceptual_hashes=[{"hex": "no hash"}, {"hex": "0f" * 32}])})
@example(id="1", source={"image": stored(error=[{"code": "a"}, "b"], original=[], colors={"hex": None}, width="640")})
def test_no_document_breaks_a_page(page: FlaskClient, es: FakeElasticsearch, id: str, source: dict[str, Any]) -> None:
    es.documents = {id: source}
    for text in pages_of(page):
        assert not _NEVER_SHOWN.search(text)


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("caf\udce9", "caf\ufffd"),
        ("cut \ud83d", "cut \ufffd"),
        ("photo\u202egpj.exe", "photo\ufffdgpj.exe"),
        ("bell\x07\x1b[31m", "bell\ufffd\ufffd[31m"),
        (["a list", "of titles"], "a list"),
        (12, "12"),
        ({"no": "title"}, "the-id"),
        (None, "the-id"),
    ],
)
def test_titles_are_shown_with_a_replacement_character(
    page: FlaskClient, es: FakeElasticsearch, title: Any, shown: str
) -> None:
    es.documents = {"the-id": {"title": title, "image": stored()}}
    for text in pages_of(page):
        assert f">{shown}</" in text


def test_values_are_read_as_elasticsearch_reads_them(page: FlaskClient, es: FakeElasticsearch) -> None:
    image = stored(width="640", height=[480], colors={"hex": "#008080", "name": "teal", "share": "0.7"})
    dotted = {f"image.{name}": value for name, value in image.items()}
    for source in ({"image": image}, dotted):
        es.documents = {"1": source}
        grid, detail = pages_of(page)
        assert "640 × 480 · 30 kB" in grid
        assert "70 %" in detail and "640 × 480 png became 640 × 480 jpeg" in detail


def test_a_picture_of_a_list_is_found_whatever_lies_before_it(page: FlaskClient, es: FakeElasticsearch) -> None:
    """Elasticsearch leaves elements out of a list that have none of the fields asked for, so places shift."""
    flower = picture("pillow/flower.jpg")
    es.documents = {"1": {"image": [{"data": "SUkqAA=="}, stored(data=b64(flower))]}}
    assert page.get("/image/images/0?id=1&v=" + "ab" * 6).data == flower
    assert page.get("/image/images/0?id=1").status_code == 404


def test_a_bare_string_is_a_picture_that_was_not_processed(page: FlaskClient, es: FakeElasticsearch) -> None:
    es.documents = {"1": {"image": b64(picture("pillow/flower.jpg"))}}
    grid, detail = pages_of(page)
    assert "not processed" in grid and "This picture was not processed" in detail
