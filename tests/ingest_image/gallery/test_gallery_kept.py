"""Pictures that no document holds, as the gallery gets them from the service."""

from __future__ import annotations

import hashlib

import pytest

from ingest_image.gallery.pictures.kept import kept_picture
from ingest_image.gallery.settings import GallerySettings
from ingest_image.search import Hit
from processor_service.keys import api_token
from tests.helpers.pictures import picture
from tests.helpers.web_server import gives, stranger

CAT = picture("pillow/hopper.jpg")
SHA256 = hashlib.sha256(CAT).hexdigest()
ONE = Hit("images", "1", {})


def test_a_picture_is_asked_for_by_its_place_with_the_api_token() -> None:
    with stranger({"/v1/images/images/a%2Fb": gives(CAT)}) as server:
        settings = GallerySettings(service_url=f"http://127.0.0.1:{server.port}/", service_token="secret")
        assert kept_picture(settings, Hit("images", "a/b", {}, routing="far & away"), 3, SHA256) == CAT
    ((path, headers),) = server.asked
    assert path == "/v1/images/images/a%2Fb?n=3&routing=far+%26+away"
    assert headers["Authorization"] == f"Bearer {api_token('secret')}" and "secret" not in repr(settings)


@pytest.mark.parametrize(("body", "status"), [(CAT + b"!", 200), (CAT, 404), (b"", 200)])
def test_what_is_not_the_picture_is_none(body: bytes, status: int) -> None:
    with stranger({"/v1/images/images/1": gives(body, status)}) as server:
        settings = GallerySettings(service_url=f"http://127.0.0.1:{server.port}")
        assert kept_picture(settings, ONE, 0, SHA256) == b""


def test_without_a_service_there_is_none() -> None:
    assert kept_picture(GallerySettings(), ONE, 0, SHA256) == b""
    assert kept_picture(GallerySettings(service_url="http://127.0.0.1:1"), ONE, 0, SHA256) == b""
