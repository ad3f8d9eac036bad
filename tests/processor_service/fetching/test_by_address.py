"""Pictures by address through a running service; strangers are played by a real server on loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from processor_service.keys import mark_key
from processor_service.wire.marks import url_mark
from tests.helpers.pictures import b64, picture
from tests.helpers.processes import wait_until
from tests.helpers.service import TOKEN, Service, running_service
from tests.helpers.web_server import Stranger, gives, raw, stranger

CAT = picture("pillow/hopper.jpg")
HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture(scope="module")
def server() -> Iterator[Stranger]:
    with stranger(
        {"/cat.jpg": gives(CAT, Content_Type="text/html"), "/page": gives(b"<html>", Content_Type="image/png")}
    ) as running:
        running.paths["/half.jpg"] = gives(CAT[: len(CAT) // 2])
        yield running


@pytest.fixture(scope="module")
def fetching(server: Stranger, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    settings = {"url_hosts": f"127.0.0.1:{server.port}", "url_private_networks": "127.0.0.0/8", "url_timeout": "6"}
    log = tmp_path_factory.mktemp("service") / "log"
    with running_service(log, workers="1", url_fetches="2", **settings) as running:
        yield running


def process(service: Service, **body: Any) -> requests.Response:
    return requests.post(
        f"{service.url}/v1/process", json=body, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60
    )


def address(server: Stranger, path: str) -> str:
    return f"http://127.0.0.1:{server.port}{path}"


def test_a_picture_by_address_is_the_same_as_by_data_but_for_what_it_was_made_from(
    fetching: Service, server: Stranger
) -> None:
    url = address(server, "/cat.jpg")
    by_url = process(fetching, url=url, operations=["grayscale"]).json()["fields"]
    by_data = process(fetching, data=b64(CAT), operations=["grayscale"]).json()["fields"]
    signed = url_mark(mark_key(TOKEN), by_url["recipe"], url, by_url["sha256"])
    assert by_url.pop("source_mark") == signed != by_data.pop("source_mark")
    assert by_url == by_data


def test_data_beside_a_url_is_taken_as_fetched_before(fetching: Service, server: Stranger) -> None:
    asked = len(server.asked)
    fields = process(fetching, url="https://not.allowed.test/", data=b64(CAT)).json()["fields"]
    assert fields["source_mark"] == url_mark(
        mark_key(TOKEN), fields["recipe"], "https://not.allowed.test/", fields["sha256"]
    )
    assert len(server.asked) == asked


@pytest.mark.parametrize(
    ("path", "code", "retryable"),
    [
        ("/page", "unsupported_format", False),
        ("/none", "url_not_found", False),
        ("/half.jpg", "truncated_image", False),
        (None, "url_not_allowed", False),
    ],
)
def test_what_is_wrong_has_a_code_and_can_be_recorded(
    fetching: Service, server: Stranger, path: str | None, code: str, retryable: bool
) -> None:
    answer = process(fetching, url=address(server, path) if path else "http://127.0.0.1:1/")
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, code)
    assert answer.json()["error"]["retryable"] is retryable
    assert answer.json()["fields"]["width"] is None


def test_a_recipe_that_is_too_deep_is_refused_before_anything_is_fetched(fetching: Service, server: Stranger) -> None:
    asked = len(server.asked)
    deep = json.loads("[" * 300 + "]" * 300)
    answer = process(fetching, url=address(server, "/cat.jpg"), operations=deep)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")
    assert len(server.asked) == asked


def test_a_truncated_picture_is_accepted_when_the_pipeline_says_so(fetching: Service, server: Stranger) -> None:
    for source in ({"url": address(server, "/half.jpg")}, {"data": b64(CAT[: len(CAT) // 2])}):
        assert process(fetching, **source, truncated="fail").json()["error"]["code"] == "truncated_image"
        fields = process(fetching, **source, truncated="accept", operations=["auto_orient"]).json()["fields"]
        assert (fields["width"], fields["height"]) == (128, 128)


def test_slow_strangers_keep_nobody_else_waiting(fetching: Service, server: Stranger) -> None:
    """One worker, two slow fetches: a third one is refused as busy, a picture with data is processed."""
    over = threading.Event()
    server.paths["/slow"] = raw(HEAD + b"\r\n", b"x", pause=0.1, then=lambda: not over.is_set())
    with ThreadPoolExecutor(2) as threads:
        slow = [threads.submit(process, fetching, url=address(server, "/slow")) for _ in range(2)]
        wait_until(lambda: [path for path, _ in server.asked].count("/slow") == 2)
        busy = process(fetching, url=address(server, "/slow"))
        assert process(fetching, data=b64(CAT)).status_code == 200
        assert not any(future.done() for future in slow)
        assert (busy.status_code, busy.json()["error"]["code"], busy.headers["Retry-After"]) == (429, "busy", "1")
        assert [future.result().json()["error"]["code"] for future in slow] == ["url_too_slow"] * 2
    over.set()
    assert process(fetching, url=address(server, "/cat.jpg")).status_code == 200


def test_fetched_pictures_have_a_bound_that_keeps_no_other_picture_out(server: Stranger, tmp_path: Path) -> None:
    """One that was fetched and waits counts, too. So whatever waits, the web process holds no more than it may."""
    sent, over = threading.Event(), threading.Event()
    large = CAT + bytes(600_000)
    head = HEAD + b"Content-Length: 700000\r\n\r\n"
    server.paths["/large.jpg"] = gives(large)

    def stuck_until_over() -> bool:
        sent.set()
        return not over.is_set()

    server.paths["/stuck.jpg"] = raw(head + large, b"x", pause=0.1, then=stuck_until_over)
    allowed = {"url_hosts": f"127.0.0.1:{server.port}", "url_private_networks": "127.0.0.0/8", "url_timeout": "60"}
    with (
        running_service(tmp_path / "log", workers="1", max_held_bytes="3000000", **allowed) as service,
        ThreadPoolExecutor(1) as threads,
    ):
        try:
            stuck = threads.submit(process, service, url=address(server, "/stuck.jpg"))
            assert sent.wait(60)
            # Until the service has all of it.
            while (busy := process(service, url=address(server, "/large.jpg"))).ok:
                pass
            assert (busy.status_code, busy.json()["error"]["code"], busy.headers["Retry-After"]) == (429, "busy", "1")
            assert "IMAGE_MAX_HELD_BYTES" in busy.json()["error"]["reason"]
            assert process(service, data=b64(CAT)).status_code == 200
        finally:
            over.set()
        assert not stuck.result().ok
        # Alone it has room, and everything was counted off again.
        assert process(service, url=address(server, "/large.jpg")).status_code == 200


def test_addresses_are_not_logged(server: Stranger, tmp_path: Path) -> None:
    settings = {"url_hosts": f"127.0.0.1:{server.port}", "url_private_networks": "127.0.0.0/8"}
    with running_service(tmp_path / "log", workers="1", **settings) as service:
        for path in ("/cat.jpg", "/none"):
            process(service, url=address(server, path + "?key=hush"))
    lines = [json.loads(line) for line in service.log.read_text().splitlines()]
    pictures = [line for line in lines if line["event"] == "picture"]
    assert [line["code"] for line in pictures] == ["ok", "url_not_found"]
    assert pictures[0]["seconds"]["fetch"] > 0
    assert "hush" not in service.log.read_text()
