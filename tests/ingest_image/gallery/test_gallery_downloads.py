"""Stored pictures as files: one, its original, several in a zip."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.helpers.fake_elasticsearch import OWN, make, stored
from tests.helpers.pictures import b64, picture
from tests.helpers.writable_elasticsearch import WritableElasticsearch

FLOWER = picture("pillow/flower.jpg")
PEOPLE = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def es() -> WritableElasticsearch:
    fake = WritableElasticsearch()
    image = stored(data=b64(FLOWER))
    fake.documents = {"1": {"title": "Lake", "file_name": "Sée & more.png", "image": image}}
    return fake


@pytest.fixture
def page(es: WritableElasticsearch) -> FlaskClient:
    return make(es)


def test_the_stored_picture_with_its_name(page: FlaskClient) -> None:
    answer = page.get("/download/images/0?id=1&v=abab")
    assert answer.data == FLOWER
    disposition = answer.headers["Content-Disposition"]
    # The extension of what is stored.
    assert disposition.startswith("attachment;") and "S%C3%A9e%20&%20more.jpg" in disposition
    assert answer.mimetype == "application/octet-stream" and "sandbox" in answer.headers["Content-Security-Policy"]
    assert 'href="/download/images/0?id=1&amp;v=abababababab" download' in page.get("/picture/images?id=1").text


@pytest.mark.parametrize("name", ["../../etc/passwd", "a\r\nSet-Cookie: b=c.jpg", "\u202egpj.exe", "\ud83d.jpg"])
def test_a_name_is_only_a_name(page: FlaskClient, es: WritableElasticsearch, name: str) -> None:
    es.documents["1"]["file_name"] = name
    answer = page.get("/download/images/0?id=1")
    assert answer.data == FLOWER and "Set-Cookie" not in answer.headers
    assert not any(one in answer.headers["Content-Disposition"] for one in ("/", "\\", "\u202e", "%E2%80%AE"))


@pytest.mark.parametrize("path", ["/download/images/1?id=1", "/download/.security/0?id=1", "/original/images/0?id=2"])
def test_what_is_not_there(page: FlaskClient, path: str) -> None:
    assert page.get(path).status_code == 404


def zipped(page: FlaskClient, *ids: str) -> dict[str, bytes]:
    answer = page.post("/download", data={"doc": [f"images/{id}" for id in ids]}, headers=PEOPLE)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Disposition"] == "attachment; filename=pictures.zip"
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_several_in_a_zip(page: FlaskClient, es: WritableElasticsearch) -> None:
    several = {"title": "Two", "image": [stored(data=b64(FLOWER)), stored(data=b64(FLOWER))]}
    es.documents |= {"2": es.documents["1"], "3": several, "4": {"title": "Bad", "image": {"error": {"code": "x"}}}}
    found = zipped(page, "1", "2", "3", "4", "5")
    names = ["Sée & more.jpg", "Sée & more-2.jpg", "Two.jpg", "Two-2.jpg", "left out.txt"]
    assert list(found) == names and {found[name] for name in names[:4]} == {FLOWER}
    assert found["left out.txt"] == b"Bad: not processed (x)\n"


def test_a_zip_is_made_while_it_is_sent(page: FlaskClient, es: WritableElasticsearch) -> None:
    es.documents |= {str(number): es.documents["1"] for number in range(2, 6)}
    data = {"doc": [f"images/{number}" for number in range(1, 6)]}
    answer = page.post("/download", data=data, headers=PEOPLE, buffered=False)
    first = next(iter(answer.iter_encoded()))
    read = [call for call in es.calls if "_mget" in call[1]]
    assert len(FLOWER) < len(first) < 2 * len(FLOWER) and len(read) == 1
    answer.close()


def test_only_a_few_zips_are_made_at_a_time(page: FlaskClient) -> None:
    def ask() -> Any:
        return page.post("/download", data={"doc": "images/1"}, headers=OWN, buffered=False)

    others = [ask() for _ in range(3)]
    refused = ask()
    assert refused.status_code == 503 and "other zips" in refused.get_json()["error"]
    # One whose client went away before it read anything.
    others[0].close()
    assert ask().status_code == 200
    for one in others:
        one.close()


def test_pictures_in_a_store_that_cannot_be_had(page: FlaskClient, es: WritableElasticsearch) -> None:
    es.documents["1"]["image"] = stored(stored="sha256/ab/ab.jpeg")
    assert zipped(page, "1") == {"left out.txt": b"Lake: the picture cannot be had from its store\n"}
    assert page.get("/download/images/0?id=1").status_code == 404


@pytest.mark.parametrize(
    ("docs", "status"), [([], 400), (["images/1", ".security/1"], 404), ([f"images/{n}" for n in range(1001)], 400)]
)
def test_what_is_no_selection(page: FlaskClient, docs: list[str], status: int) -> None:
    assert page.post("/download", data={"doc": docs}, headers=OWN).status_code == status
    assert page.post("/download", data={"doc": "images/1"}).status_code == 403


def test_a_gallery_that_only_shows_hands_out_files(es: WritableElasticsearch) -> None:
    assert zipped(make(es, read_only=True), "1") == {"Sée & more.jpg": FLOWER}


@pytest.fixture
def service() -> Iterator[str]:
    """A service that hands out originals."""

    class Service(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path == "/v1/images/images/1?n=0&original=1"
            self.send_response(200 if found else 404)
            self.end_headers()
            self.wfile.write(b"II*\0tiff" if found else b"")

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Service)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_original_where_it_is_kept(es: WritableElasticsearch, service: str) -> None:
    page = make(es, service_url=service)
    assert "/original/" not in page.get("/picture/images?id=1").text
    kept = {"format": "tiff", "sha256": hashlib.sha256(b"II*\0tiff").hexdigest(), "stored": "sha256/x.tiff"}
    es.documents["1"]["image"]["original"] = kept
    assert 'href="/original/images/0?id=1' in page.get("/picture/images?id=1").text
    answer = page.get("/original/images/0?id=1")
    assert answer.data == b"II*\0tiff" and "S%C3%A9e%20&%20more.tif" in answer.headers["Content-Disposition"]
    # Not what the document says.
    es.documents["1"]["image"]["original"]["sha256"] = "ab" * 32
    refused = page.get("/original/images/0?id=1", headers=OWN)
    assert refused.status_code == 400 and "IMAGE_RENDER_ORIGINALS" in refused.get_json()["error"]
