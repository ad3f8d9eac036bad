"""Pictures that are shown count in IMAGE_MAX_HELD_BYTES until they are sent, and keep out no documents."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
import requests

from processor_service.keys import mark_key
from processor_service.store.addresses import address
from processor_service.wire.marks import kept_mark
from tests.helpers.pictures import b64, picture
from tests.helpers.processes import wait_until
from tests.helpers.service import TOKEN, Service, running_service
from tests.helpers.web_server import gives, stranger

AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}
CAT = picture("pillow/hopper.jpg")
# More than the buffers of a connection have room for.
LARGE = CAT + bytes(12_000_000)
HELD = 64_000_000


def put(folder: Path, data: bytes) -> bytes:
    """Put a picture into the store; gives what Elasticsearch answers for its document."""
    sha256 = hashlib.sha256(data).hexdigest()
    key = address(sha256, "jpeg")
    path = folder / key
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    mark = kept_mark(mark_key(TOKEN), "r", sha256, key)
    image = {"stored": key, "sha256": sha256, "recipe": "r", "mark": mark}
    return orjson.dumps({"found": True, "_source": {"image": image}})


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("store")
    about: dict[str, Any] = {"X_Elastic_Product": "Elasticsearch", "Content_Type": "application/json"}
    # What a document holds itself, as no mark says.
    inside = orjson.dumps({"found": True, "_source": {"image": {"data": b64(LARGE)}}})
    paths = {
        "/images/_doc/large": gives(put(folder, LARGE), **about),
        "/images/_doc/small": gives(put(folder, CAT), **about),
        "/images/_doc/inside": gives(inside, **about),
    }
    with stranger(paths) as server:
        settings = {"render_indices": "images", "elasticsearch_url": f"http://127.0.0.1:{server.port}"}
        settings |= {"store_url": str(folder), "max_held_bytes": str(HELD), "cache_dir": str(folder / "cache")}
        log = tmp_path_factory.mktemp("log") / "service.log"
        with running_service(log, workers="1", queue_size="4", **settings) as running:
            yield running


def get(service: Service, id: str, **headers: str) -> requests.Response:
    return requests.get(f"{service.url}/v1/images/images/{id}", headers={**AUTHORIZED, **headers}, timeout=60)


@contextmanager
def slow_viewer(service: Service, *headers: str) -> Iterator[None]:
    """Somebody who asks for the large picture, and reads only the beginning of the answer."""
    with socket.socket() as viewer:
        viewer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        viewer.settimeout(60)
        viewer.connect(("127.0.0.1", service.port))
        lines = ["GET /v1/images/images/large HTTP/1.1", "Host: x", f"Authorization: Bearer {TOKEN}", *headers]
        viewer.sendall("\r\n".join([*lines, "", ""]).encode())
        assert viewer.recv(12) in (b"HTTP/1.1 200", b"HTTP/1.1 206")
        yield


@pytest.mark.parametrize("headers", [(), ("Range: bytes=10-11999999",)], ids=["whole", "part"])
def test_a_viewer_who_does_not_read_keeps_other_large_pictures_out_and_no_document(
    service: Service, headers: tuple[str, ...]
) -> None:
    with slow_viewer(service, *headers):
        for id, more in (
            ("large", {}),
            ("large", {"Range": "bytes=0-9"}),
            ("large?w=50", {}),
            ("inside?w=50", {}),
        ):
            busy = get(service, id, **more)
            assert (busy.status_code, busy.headers.get("Retry-After")) == (429, "1"), id
            assert "IMAGE_MAX_HELD_BYTES" in busy.json()["error"]["reason"]
        assert get(service, "small").content == CAT
        assert get(service, "small?w=50").status_code == 200
        assert service.process_picture(CAT).status_code == 200
    # It is refused beside any byte that is not counted off. What the viewer held is, once the service sees that he left.
    wait_until(lambda: get(service, "large").status_code == 200)


def test_whatever_becomes_of_a_request_is_counted_off(service: Service) -> None:
    for id, headers, status in (
        ("large", {}, 200),
        ("large", {"Range": "bytes=0-9"}, 206),
        ("large", {"Range": f"bytes={len(LARGE)}-"}, 416),
        ("large?w=50", {}, 200),
        ("inside?w=50", {}, 200),
        ("small?w=60", {}, 200),
        ("small?w=60", {}, 200),
        ("none", {}, 404),
        ("large?w=x", {}, 400),
    ):
        assert get(service, id, **headers).status_code == status, id
        wait_until(lambda: get(service, "large").status_code == 200)


@pytest.mark.parametrize(
    ("headers", "status", "part"),
    [
        ({"Range": "bytes=-5"}, 206, CAT[-5:]),
        # More of the end than there is: all of it.
        ({"Range": "bytes=-99999999"}, 206, CAT),
        ({"Range": "bytes=-0"}, 416, None),
        ({"Range": "bytes=0-999999999999999999"}, 206, CAT),
        ({"Range": "bytes=2-5", "If-Range": "{}"}, 206, CAT[2:6]),
        ({"Range": "bytes=2-5", "If-Range": '"another"'}, 200, CAT),
        ({"Range": "bytes=2-5", "If-Range": "W/{}"}, 200, CAT),
        ({"Range": "bytes=2-5", "If-Match": "{}"}, 206, CAT[2:6]),
        ({"Range": "bytes=2-5", "If-Match": "*"}, 206, CAT[2:6]),
        # The rest of another picture than the one that was begun.
        ({"Range": "bytes=2-5", "If-Match": '"another"'}, 412, None),
        ({"If-Match": '"another", {}'}, 200, CAT),
        ({"If-Match": "W/{}"}, 412, None),
        ({"If-Match": '"another"', "If-None-Match": "{}"}, 412, None),
        ({"If-None-Match": "*"}, 304, b""),
        ({"If-None-Match": "W/{}"}, 304, b""),
    ],
)
def test_conditions_and_parts_are_those_of_http(
    service: Service, headers: dict[str, str], status: int, part: bytes | None
) -> None:
    tag = get(service, "small").headers["ETag"]
    answer = get(service, "small", **{name: value.format(tag) for name, value in headers.items()})
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/json" if part is None else answer.content == part
