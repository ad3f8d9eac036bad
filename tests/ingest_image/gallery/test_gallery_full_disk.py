"""The gallery when the disk of TMPDIR is full: an answer that says so, and nothing half."""

from __future__ import annotations

import base64
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests

from ingest_image.gallery.serving.server import GalleryServer
from tests.helpers.fake_elasticsearch import FakeElasticsearch
from tests.helpers.galleries import gallery_settings, running_gallery

OWN = {"Sec-Fetch-Site": "same-origin", "Accept": "application/json"}
MEGABYTE = 1 << 20


@pytest.fixture
def server(es: FakeElasticsearch) -> Iterator[GalleryServer]:
    with running_gallery(es.client, gallery_settings()) as running:
        yield running


def url(server: GalleryServer, path: str) -> str:
    return f"http://127.0.0.1:{server.port}{path}"


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """The kernel refuses to make a file of this process larger."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.parametrize("chunked", [False, True])
def test_an_upload_for_which_the_disk_has_no_room_is_answered(server: GalleryServer, chunked: bool) -> None:
    """What is received after that is not kept."""
    body = os.urandom(4 * MEGABYTE)
    with files_of_at_most(MEGABYTE):
        answer = requests.post(url(server, "/upload"), iter([body]) if chunked else body, headers=OWN, timeout=60)
    assert answer.status_code == 507 and "TMPDIR" in answer.json()["error"] and answer.headers["Retry-After"]
    files = {"file": ("new.jpg", body)}
    assert requests.post(url(server, "/upload"), files=files, headers=OWN, timeout=60).status_code == 200


@pytest.mark.parametrize("room", [0, MEGABYTE])
def test_a_large_picture_for_which_the_disk_has_no_room_is_no_half_answer(
    server: GalleryServer, es: FakeElasticsearch, room: int
) -> None:
    """Before, nothing came on the connection any more, and nobody closed it."""
    data = b"\x89PNG\r\n\x1a\n" + os.urandom(3 * MEGABYTE)
    es.documents["large"] = {"image": {"data": base64.b64encode(data).decode(), "sha256": "ab" * 32}}
    address = url(server, "/image/images/0?id=large")
    with files_of_at_most(room):
        answer = requests.get(address, headers={"Accept": "application/json"}, timeout=60)
    assert answer.status_code == 507 and "TMPDIR" in answer.json()["error"] and answer.headers["Retry-After"]
    for _ in range(2):
        whole = requests.get(address, timeout=60)
        assert whole.status_code == 200 and whole.content == data
        assert whole.headers["Content-Length"] == str(len(data)) and whole.headers["Content-Type"] == "image/png"
    assert requests.head(address, timeout=60).headers["Content-Length"] == str(len(data))
