"""The gallery's pages and routes, with Flask's client."""

from __future__ import annotations

import errno
import io
import os
import re
from typing import Any

import pytest
from elastic_transport import ConnectionError as NoConnection
from elastic_transport import ConnectionTimeout
from flask.testing import FlaskClient

from ingest_image.gallery.changing import actions
from ingest_image.gallery.page_query import PageQuery, exact_filter
from ingest_image.search import Sample
from tests.helpers.fake_elasticsearch import OWN, FakeElasticsearch, make, stored
from tests.helpers.pictures import b64, encoded, opened, picture

FLOWER = picture("pillow/flower.jpg")
HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>{{7*7}}'


def text(page: FlaskClient, path: str, status: int = 200) -> str:
    answer = page.get(path)
    assert answer.status_code == status, answer.text[:2000]
    return answer.text


def file(data: bytes = FLOWER, name: str = "new.jpg") -> dict[str, object]:
    return {"file": (io.BytesIO(data), name)}


class TestGrid:
    def test_it_shows_the_pictures(self, page: FlaskClient) -> None:
        html = text(page, "/")
        assert "1 picture" in html and "A lake" in html
        assert 'src="/thumbnail/images/0?id=1&amp;v=abababababab"' in html
        assert "640 × 480 · 30 kB" in html
        assert "30 kB stored, 70\u00a0% smaller than what came in" in html

    def test_what_nothing_was_saved_of_is_said_as_people_say_it(
        self, page: FlaskClient, es: FakeElasticsearch, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real = es.answer

        def answer(method: str, path: str, body: Any) -> Any:
            found = real(method, path, body)
            if path.endswith("_search"):
                found["aggregations"]["original_bytes"] = found["aggregations"]["stored_bytes"]
            return found

        monkeypatch.setattr(es, "answer", answer)
        assert "30 kB stored, same size as what came in" in text(page, "/")

    def test_facets_narrow_down_and_can_be_taken_back(self, page: FlaskClient) -> None:
        assert 'href="/?f=color%3Ateal"' in text(page, "/")
        html = text(page, "/?f=color%3Ateal&q=lake")
        assert 'aria-current="true" data-facet="color:teal"' in html
        assert re.search(r'class="chip" href="/\?q=lake">\s*color: teal', html)

    def test_what_is_asked_is_kept_in_the_search_form(self, page: FlaskClient) -> None:
        html = text(page, "/?f=color%3Ateal&q=lake")
        assert '<input type="hidden" name="f" value="color:teal">' in html
        assert 'value="lake"' in html

    def test_nothing_stored(self, page: FlaskClient, es: FakeElasticsearch) -> None:
        es.documents = {}
        assert "No pictures yet" in text(page, "/")
        assert "No picture matches" in text(page, "/?q=zebra")

    @pytest.mark.parametrize(
        ("path", "says"),
        [
            ("/?f=wide:5", "There is no field &#39;wide&#39;"),
            ("/?color=tealish", "is not a colour"),
            ("/?after=x", "not the cursor of a next page"),
            ("/?like=dropped:gone", "drop it again"),
            ("/?like=.security/1", "not in these indices"),
            (f"/?like=images/{'x' * 513}", "not in these indices"),
        ],
    )
    def test_questions_that_make_no_sense(self, page: FlaskClient, path: str, says: str) -> None:
        assert says in text(page, path, 400)

    def test_a_document_with_an_error_and_one_without_picture(self, page: FlaskClient, es: FakeElasticsearch) -> None:
        error = {"code": "truncated_image", "reason": "the picture ends too early", "request_id": "import-7"}
        es.documents = {"1": {"title": "Bad", "image": {"error": error, "data": "x"}}, "2": {"title": "None"}}
        html = text(page, "/")
        assert "truncated image" in html and "no picture" in html
        assert "<img" not in html
        html = text(page, "/picture/images?id=1")
        assert "the picture ends too early" in html and "import-7" in html
        assert "This document has no picture" in text(page, "/picture/images?id=2")

    def test_what_documents_say_is_escaped(self, page: FlaskClient, es: FakeElasticsearch) -> None:
        camera = {"camera": HOSTILE, "title": HOSTILE}
        es.documents = {
            HOSTILE: {
                "title": HOSTILE,
                "x": {HOSTILE: HOSTILE},
                "image": stored(metadata=camera, format=HOSTILE, error=None),
            }
        }
        for path, status in (("/", 200), (f"/?q={HOSTILE}&f=format:{HOSTILE}&color={HOSTILE}&like={HOSTILE}", 400)):
            html = text(page, path, status)
            assert (
                "<script>alert" not in html
                and "<img src=x" not in html
                and "49" not in re.findall(r"alert\(2\)&gt;(\d+)", html)
            )
        hit = next(iter(re.findall(r'class="card"[^>]*>\s*<a href="([^"]*)"', text(page, "/"))))
        html = text(page, hit.replace("&amp;", "&"))
        assert "&lt;script&gt;alert" in html and "<script>alert" not in html


class TestPicture:
    def test_fields_and_bytes(self, page: FlaskClient) -> None:
        html = text(page, "/picture/images?id=1")
        assert "70\u00a0% smaller" in html and "640 × 480 png became 640 × 480 jpeg" in html
        assert 'src="/image/images/0?id=1&amp;v=abababababab"' in html
        assert "Pictures like this" in html and 'href="/?like=images/1"' in html

    def test_the_way_back_keeps_the_question(self, page: FlaskClient) -> None:
        assert 'href="/?q=lake"' in text(page, "/picture/images?id=1&q=lake")

    @pytest.mark.parametrize(
        "path",
        [
            "/picture/images?id=9",
            "/picture/.security?id=1",
            "/thumbnail/.security/0?id=1",
            "/image/images/5?id=1",
            "/image/images/0",
            "/nowhere",
        ],
    )
    def test_what_is_not_there_or_not_shown_here(self, page: FlaskClient, path: str) -> None:
        assert "There is no such page or picture" in text(page, path, 404)

    def test_several_pictures(self, page: FlaskClient, es: FakeElasticsearch) -> None:
        es.documents["1"]["image"] = [stored(), stored()]
        assert "2 pictures" in text(page, "/")
        assert "/image/images/1?id=1" in text(page, "/picture/images?id=1")

    def test_copies_and_what_is_like_it(self, page: FlaskClient, es: FakeElasticsearch) -> None:
        es.documents = {
            "1": {"image": stored()},
            "2": {"title": "Copy", "image": stored()},
            "3": {"title": "Other", "image": stored(sha256="0", original={}, perceptual_hashes={"hex": "f0" * 32})},
        }
        html = text(page, "/picture/images?id=1")
        assert "exact copy" in html
        assert ">similar colours</em>" in html and "Other" in html

    def test_a_crop_says_which_part_it_shows(self, page: FlaskClient, es: FakeElasticsearch) -> None:
        flower = opened(FLOWER)
        corner = flower.crop((0, 0, flower.width * 7 // 10, flower.height * 7 // 10))
        other: dict[str, Any] = {"sha256": "0", "original": {}, "perceptual_hashes": {"hex": "f0" * 32}}
        es.documents = {
            "1": {"image": stored(thumbnail=b64(FLOWER))},
            "2": {"image": stored(**other, thumbnail=b64(encoded(corner, "JPEG")))},
        }
        html = text(page, "/picture/images?id=1")
        assert "same picture, cropped: 49 % of the sample, upper left" in html
        assert "similar" not in html


class TestActions:
    def test_a_picture_is_looked_at_and_not_stored(self, page: FlaskClient, es: FakeElasticsearch) -> None:
        answer = page.post("/look", data=file(), headers=OWN)
        assert answer.status_code == 200
        html = text(page, answer.get_json()["url"])
        assert "Like new.jpg" in html and "Only copies" in html
        assert [call for call in es.calls if call[0] == "PUT"] == []

    def test_an_upload_is_one_put_through_the_pipeline(self, page: FlaskClient, es: FakeElasticsearch) -> None:
        answer = page.post("/upload", data=file(name="..\\folder/my_summer-01.jpg"), headers=OWN)
        assert answer.get_json()["state"] == "stored"
        (_, path, body), *_ = [call for call in es.calls if call[0] == "PUT"]
        assert path.startswith("/images/_doc/") and "pipeline=images" in path and "op_type=create" in path
        assert (body["title"], body["file_name"]) == ("my summer 01", "my_summer-01.jpg")
        assert answer.get_json()["url"].startswith("/picture/images?id=")

    @pytest.mark.parametrize(
        ("said", "why"),
        [
            ({"result": "noop"}, "a pipeline drops it"),
            ({"failure_store": "used"}, "its pipeline refused it; why is in"),
        ],
    )
    def test_what_is_accepted_and_not_stored_is_not_called_so(
        self, page: FlaskClient, es: FakeElasticsearch, said: dict[str, str], why: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        answer = es.answer
        monkeypatch.setattr(
            es, "answer", lambda method, *more: answer(method, *more) | (said if method == "PUT" else {})
        )
        refused = page.post("/upload", data=file(), headers=OWN)
        assert refused.status_code == 400 and refused.get_json()["error"].startswith(f"It is not stored: {why}")

    def test_without_script_a_page_follows(self, page: FlaskClient) -> None:
        answer = page.post("/upload", data=file(), headers={"Sec-Fetch-Site": "same-origin"})
        assert answer.status_code == 303 and answer.headers["Location"].startswith("/picture/images?id=")

    def test_too_large(self, page: FlaskClient) -> None:
        answer = page.post("/upload", data=file(b"x" * 300_000), headers=OWN)
        assert (answer.status_code, answer.json) == (413, {"error": "This file is too large for the gallery."})

    @pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS])
    def test_a_full_disk_is_told(self, page: FlaskClient, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
        def full(_: object) -> str:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(actions, "_hash", full)
        answer = page.post("/upload", data=file(), headers=OWN)
        assert answer.status_code == 507 and "TMPDIR" in answer.get_json()["error"]

    @pytest.mark.parametrize("data", [{}, file(b"")])
    def test_no_file(self, page: FlaskClient, data: dict[str, object]) -> None:
        answer = page.post("/look", data=data, headers=OWN)
        assert (answer.status_code, answer.json) == (400, {"error": "The request has no file"})

    def test_what_is_no_picture(self, page: FlaskClient, es: FakeElasticsearch) -> None:
        es.simulated = {
            "doc": {"_source": {"image": {"error": {"code": "not_an_image", "reason": "this is no picture"}}}}
        }
        assert page.post("/look", data=file(), headers=OWN).json == {"error": "New.jpg: this is no picture"}

    def test_what_a_service_that_is_down_says(self, page: FlaskClient, es: FakeElasticsearch) -> None:
        assert page.post("/service", headers=OWN).json == {"answers": True}
        es.simulated = {"error": {"reason": "[service_unavailable] no host of ingest.image.hosts answers"}}
        answer = page.post("/service", headers=OWN)
        assert answer.status_code == 503 and "no host of ingest.image.hosts answers" in answer.get_json()["error"]
        es.fails = ConnectionTimeout("late")
        answer = page.post("/service", headers=OWN)
        assert answer.status_code == 503 and "has not answered for 3 seconds" in answer.get_json()["error"]
        assert page.post("/service").status_code == 403

    def test_a_picture_is_sent_once_and_what_may_be_tried_later_is_told_so(
        self, es: FakeElasticsearch, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Clients repeat an answer 503 three times, and the node itself has tried for a minute."""
        es.client = es.client.options(max_retries=3, retry_on_status=[503])
        real = es.perform

        def perform(method: str, target: str, body: bytes | None) -> tuple[int, Any]:
            found = real(method, target, body)
            return (503, {"error": {"reason": "[service_unavailable] nobody answers"}}) if method == "PUT" else found

        monkeypatch.setattr(es, "perform", perform)
        answer = make(es).post("/upload", data=file(), headers=OWN)
        assert answer.status_code == 503 and "nobody answers" in answer.get_json()["error"]
        assert len([method for method, _, _ in es.calls if method == "PUT"]) == 1

    def test_read_only(self, es: FakeElasticsearch) -> None:
        page = make(es, read_only=True)
        assert "Add pictures" not in text(page, "/")
        assert page.post("/upload", data=file(), headers=OWN).status_code == 403
        assert page.post("/look", data=file(), headers=OWN).status_code == 200


def test_elasticsearch_is_down(page: FlaskClient, es: FakeElasticsearch) -> None:
    es.fails = NoConnection("refused")
    html = text(page, "/", 502)
    assert "Elasticsearch has a problem" in html and "is it running" in html


def test_addresses() -> None:
    from werkzeug.datastructures import MultiDict

    asked = PageQuery.of(MultiDict([("q", " lake "), ("f", "a:1"), ("f", "b:2"), ("color", "teal"), ("distance", "x")]))
    assert asked.with_() == "/?q=lake&color=teal&f=a%3A1&f=b%3A2"
    assert asked.without(pair=("f", "a:1")) == "/?q=lake&color=teal&f=b%3A2"
    assert asked.with_(("q", "sea")) == "/?color=teal&f=a%3A1&f=b%3A2&q=sea"
    assert PageQuery.of(MultiDict()).is_empty and PageQuery.of(MultiDict()).with_() == "/"
    assert PageQuery.of(MultiDict([("distance", "999")])).distance == 256
    assert exact_filter("camera", "A, B") == 'camera:"A, B"'


def test_only_the_last_dropped_pictures_are_remembered() -> None:
    from ingest_image.gallery.dropped import DroppedPictures

    samples = DroppedPictures()
    for number in range(300):
        samples.keep(str(number), Sample(str(number)))
    assert samples.get("0") is None
    assert samples.get("299") == Sample("299")
