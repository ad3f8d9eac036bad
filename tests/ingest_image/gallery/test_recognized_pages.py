"""Pages with what was recognized: facets, boxes, chips and the text."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from tests.helpers.fake_elasticsearch import FakeElasticsearch, make, stored
from tests.ingest_image.search.test_recognized import STREET, Highlighting

HOSTILE = '"><script>alert(1)</script>'


@pytest.fixture
def es() -> FakeElasticsearch:
    fake = Highlighting()
    fake.documents = {"1": {"title": "A street", "image": stored(**STREET)}}
    return fake


@pytest.fixture
def page(es: FakeElasticsearch) -> FlaskClient:
    return make(es)


def text(page: FlaskClient, path: str) -> str:
    answer = page.get(path)
    assert answer.status_code == 200, answer.text[:2000]
    return answer.text


def test_labels_faces_and_plates_are_chips_that_search(page: FlaskClient) -> None:
    html = text(page, "/picture/images?id=1")
    for link in ('/?f=label:car"', '/?f=faces:2"', '/?f=plate:RK755AJ"'):
        assert f'href="{link}' in html, link
        assert page.get(link.rstrip('"')).status_code == 200


def test_boxes_are_drawn_over_the_picture_in_its_own_pixels(page: FlaskClient) -> None:
    html = text(page, "/picture/images?id=1")
    assert 'viewBox="0 0 640 480"' in html
    assert '<rect class="mark-face" x="160.00" y="240.00" width="80.00" height="120.00"><title>face</title>' in html
    assert "<title>RK755AJ</title>" in html and "<title>ONE WAY</title>" in html
    assert re.findall(r'type="checkbox" id="mark-(\w+)"', html) == ["face", "plate", "text"]


def test_a_switch_only_for_what_is_there(page: FlaskClient, es: FakeElasticsearch) -> None:
    es.documents = {"1": {"image": stored(labels=["cat"], face_count=0)}}
    html = text(page, "/picture/images?id=1")
    assert "checkbox" not in html and 'class="marks"' not in html
    assert "no faces" in html


def test_found_words_are_highlighted_in_the_text(page: FlaskClient) -> None:
    assert "ONE <mark>WAY</mark>\nRK-755 AJ" in text(page, "/picture/images?id=1&q=way")
    assert "ONE WAY\nRK-755 AJ" in text(page, "/picture/images?id=1")


def test_each_picture_of_a_list_says_what_is_in_it(page: FlaskClient, es: FakeElasticsearch) -> None:
    es.documents = {"1": {"image": [stored(**STREET), stored(labels=["cat"])]}}
    html = text(page, "/picture/images?id=1")
    assert "Recognized in picture 1" in html and "Recognized in picture 2" in html
    assert html.count('class="marks"') == 1


def test_what_was_hidden_is_said(page: FlaskClient, es: FakeElasticsearch) -> None:
    es.documents = {"1": {"image": stored(redacted={"faces": 1, "plates": 2})}}
    assert "Hidden before it was stored: 1 face, 2 plates" in text(page, "/picture/images?id=1")


def test_what_pictures_say_is_escaped(page: FlaskClient, es: FakeElasticsearch) -> None:
    box = {"x": 0, "y": 0, "width": 1, "height": 1}
    lines = [{"text": HOSTILE, "box": box}]
    es.documents = {"1": {"image": stored(labels=[HOSTILE], plates=[HOSTILE], text=f"WAY {HOSTILE}", text_lines=lines)}}
    for path in ("/picture/images?id=1", "/picture/images?id=1&q=way"):
        html = text(page, path)
        assert "<script>alert" not in html and "&lt;script&gt;alert" in html


IDENTIFIED = {"embedder": "dlib-resnet-v1"}


def test_a_person_is_looked_for_by_each_known_face(page: FlaskClient, es: FakeElasticsearch) -> None:
    """Of a list, faces are numbered over all its pictures, as their vectors are."""
    boxes = [{"x": x, "y": 0.2, "width": 0.1, "height": 0.2} for x in (0.1, 0.5, 0.7)]
    faces = [{"score": 0.9, "box": box} for box in boxes]
    one = stored(face_count=1, faces=faces[:1], face_vectors=[{**IDENTIFIED, "box": boxes[0]}])
    # The one in the middle is too small for a vector.
    several = stored(face_count=3, faces=faces, face_vectors=[{**IDENTIFIED, "box": boxes[at]} for at in (0, 2)])
    es.documents = {"1": {"title": "People", "image": [one, several]}}
    html = text(page, "/picture/images?id=1")
    links = re.findall(r'href="/\?person=images/1(?:&amp;face=(\d))?"[^>]*>([^<]*)<', html)
    assert links == [("", "same person"), ("1", "same person as face 1"), ("2", "same person as face 2")]
    assert re.findall(r"<title>(face[^<]*)</title>", html) == ["face 1", "face 2", "face", "face 1"]


def test_without_vectors_nobody_is_offered_as_a_person(page: FlaskClient, es: FakeElasticsearch) -> None:
    box = {"x": 0.1, "y": 0.2, "width": 0.1, "height": 0.2}
    es.documents = {"1": {"image": stored(face_count=1, faces=[{"score": 0.9, "box": box}])}}
    assert "same person" not in text(page, "/picture/images?id=1")


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("person=images/1", "has no vector of a face"),
        ("person=images/1&face=7", "has no vector of a face"),
        ("person=secret/1", "not in these indices"),
        ("person=images/1&like=images/1", "not for both"),
    ],
)
def test_a_person_that_cannot_be_looked_for(page: FlaskClient, query: str, sentence: str) -> None:
    answer = page.get(f"/?{query}")
    assert answer.status_code == 400 and sentence in answer.text
