"""Pictures as files, and what protects browsers from what they and other sites contain."""

from __future__ import annotations

import io
import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask.testing import FlaskClient

from ingest_image.gallery.pictures.files import kind_of
from ingest_image.gallery.serving.security import POLICY, host_name
from tests.helpers.fake_elasticsearch import FakeElasticsearch, stored
from tests.helpers.pictures import b64, encoded, opened, picture

FLOWER = picture("pillow/flower.jpg")


def file(data: bytes = FLOWER, name: str = "new.jpg") -> dict[str, object]:
    return {"file": (io.BytesIO(data), name)}


class TestFiles:
    def test_thumbnail(self, page: FlaskClient) -> None:
        answer = page.get("/thumbnail/images/0?id=1&v=abab")
        assert (answer.status_code, answer.mimetype, answer.data) == (200, "image/jpeg", FLOWER)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "immutable" in answer.headers["Cache-Control"]
        assert "sandbox" in answer.headers["Content-Security-Policy"]

    def test_without_thumbnail_the_picture(self, page: FlaskClient, es: FakeElasticsearch) -> None:
        for broken in (None, "no base64!", b64(b"<svg/>"), ["a"], {"x": 1}, "caf\udce9"):
            es.documents["1"]["image"]["thumbnail"] = broken
            assert page.get("/thumbnail/images/0?id=1", follow_redirects=True).data == FLOWER
        del es.documents["1"]["image"]["thumbnail"]
        assert page.get("/thumbnail/images/0?id=1", follow_redirects=True).data == FLOWER

    @pytest.mark.parametrize(
        "data", [b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", b"<html>", b"", b"II*\0tiff"]
    )
    def test_only_what_browsers_show_is_handed_out(self, page: FlaskClient, es: FakeElasticsearch, data: bytes) -> None:
        es.documents["1"]["image"] = stored(data=b64(data), thumbnail=None, format="jpeg")
        assert page.get("/image/images/0?id=1").status_code == 404
        es.documents["1"]["image"] = stored(data=b64(data), thumbnail=b64(FLOWER))
        assert page.get("/image/images/0?id=1").mimetype == "image/jpeg"

    def test_a_refused_picture_is_not_handed_out(self, page: FlaskClient, es: FakeElasticsearch) -> None:
        es.documents["1"]["image"] = {"data": b64(FLOWER), "error": {"code": "x"}}
        assert page.get("/image/images/0?id=1").status_code == 404

    def test_only_a_few_stored_pictures_are_in_memory_at_a_time(
        self, page: FlaskClient, es: FakeElasticsearch, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        most, running = [], []
        perform = es.perform

        def slow(method: str, target: str, body: bytes | None) -> tuple[int, object]:
            if "_mget" not in target:
                return perform(method, target, body)
            running.append(target)
            most.append(len(running))
            time.sleep(0.05)
            running.pop()
            return perform(method, target, body)

        monkeypatch.setattr(es, "perform", slow)
        with ThreadPoolExecutor(12) as pool:
            answers = list(pool.map(lambda _: page.application.test_client().get("/image/images/0?id=1"), range(12)))
        assert {answer.status_code for answer in answers} == {200}
        assert 1 < max(most) <= 3

    @pytest.mark.parametrize("format", ["JPEG", "PNG", "GIF", "WEBP", "AVIF"])
    def test_kinds(self, format: str) -> None:
        assert kind_of(encoded(opened(FLOWER).convert("RGB").resize((8, 8)), format)) == f"image/{format.lower()}"
        assert kind_of(b"RIFF1234WAVE") is None


class TestSecurity:
    def test_headers(self, page: FlaskClient) -> None:
        for path in ("/", "/static/gallery.js", "/nowhere"):
            with page.get(path) as answer:
                headers = answer.headers
            assert headers["Content-Security-Policy"] == POLICY
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Cross-Origin-Resource-Policy"] == "same-origin"

    def test_nothing_is_inline(self, page: FlaskClient) -> None:
        for path in ("/", "/picture/images?id=1", "/nowhere"):
            html = page.get(path).text
            assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", html)

    @pytest.mark.parametrize(
        "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8091", "evil.example:80", "[::2]"]
    )
    def test_other_host_names_are_refused(self, page: FlaskClient, host: str) -> None:
        assert page.get("/", headers={"Host": host}).status_code == 421

    @pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8091", "LOCALHOST:1"])
    def test_own_host_names(self, page: FlaskClient, host: str) -> None:
        assert page.get("/", headers={"Host": host}).status_code == 200

    def test_host_names(self) -> None:
        assert (host_name("[::1]:8091"), host_name("a:b"), host_name("[")) == ("::1", "a", "")

    @pytest.mark.parametrize("path", ["/upload", "/look"])
    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"Origin": "http://evil.example"},
            {"Origin": "null"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost"},
            {"Sec-Fetch-Site": "none"},
            {"Origin": "http://localhost:1"},
        ],
    )
    def test_other_sites_cannot_send_pictures(
        self, page: FlaskClient, es: FakeElasticsearch, path: str, headers: dict[str, str]
    ) -> None:
        assert page.post(path, data=file(), headers=headers).status_code == 403
        assert not es.calls

    @pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://localhost"}])
    def test_own_pages_can(self, page: FlaskClient, headers: dict[str, str]) -> None:
        assert page.post("/look", data=file(), headers=headers).status_code == 303
