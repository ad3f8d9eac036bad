"""Pictures on the fly through a running service, from a server that answers as Elasticsearch does."""

from __future__ import annotations

import hashlib
import socket
import ssl
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
import requests
from PIL import Image

from processor_service.web.connections.answer_socket import SEND_SECONDS
from processor_service.web.rendering.access import signed_url
from tests.helpers.pictures import b64, encoded, opened, picture
from tests.helpers.ports import free_port
from tests.helpers.processes import wait_until
from tests.helpers.service import TOKEN, running_service
from tests.helpers.web_server import Behaviour, Request, certificate_of, gives, stranger

AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}
PRODUCT: dict[str, Any] = {"X_Elastic_Product": "Elasticsearch", "Content_Type": "application/json"}


CAT = picture("pillow/hopper.jpg")


def document(data: bytes) -> bytes:
    """What Elasticsearch answers for a document with a picture."""
    image = {"data": b64(data), "sha256": hashlib.sha256(data).hexdigest()}
    return orjson.dumps({"found": True, "_source": {"image": image}})


def test_off_by_default_and_502_without_elasticsearch(tmp_path: Path) -> None:
    with running_service(tmp_path / "off", workers="1") as service:
        answer = requests.get(f"{service.url}/v1/images/images/1", headers=AUTHORIZED, timeout=60)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
        assert requests.get(f"{service.url}/v1/images/images/1", timeout=60).status_code == 401
    nobody = f"http://127.0.0.1:{free_port()}"
    with running_service(tmp_path / "on", workers="1", render_indices="images", elasticsearch_url=nobody) as service:
        answer = requests.get(f"{service.url}/v1/images/images/1", headers=AUTHORIZED, timeout=60)
        assert (answer.status_code, answer.json()["error"]["code"]) == (502, "elasticsearch_error")
        assert answer.headers["Cache-Control"] == "no-store"
        for headers in ({}, {"Authorization": "Bearer wrong"}):
            assert requests.get(f"{service.url}/v1/images/images/1", headers=headers, timeout=60).status_code == 401
        answer = requests.get(f"{service.url}/v1/images/images/1?signature=x&expires=9999999999", timeout=60)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorized")
        assert requests.get(f"{service.url}/v1/images/other/1", headers=AUTHORIZED, timeout=60).status_code == 404


def test_whatever_elasticsearch_answers_there_is_a_status(tmp_path: Path) -> None:
    """A server that answers as Elasticsearch does on a bad day."""
    answers: dict[str, tuple[Behaviour, int]] = {
        "401": (gives(b"{}", 401, **PRODUCT), 502),
        "403": (gives(b'{"error": {"type": "security_exception"}}', 403, **PRODUCT), 502),
        "404": (gives(b'{"found": false}', 404, **PRODUCT), 404),
        "429": (gives(b"{}", 429, **PRODUCT), 502),
        "500": (gives(b"{}", 500, **PRODUCT), 502),
        "503": (gives(b"busy", 503, Content_Type="text/plain"), 502),
        "html": (gives(b"<html>", 200, Content_Type="text/html"), 502),
        "garbage": (gives(b"{", 200, **PRODUCT), 502),
        "list": (gives(b"[]", 200, **PRODUCT), 404),
        "odd": (gives(b'{"_source": {"image": {"sha256": 5, "data": {"a": 1}}}}', 200, **PRODUCT), 404),
        "odder": (gives(b'{"_source": [1]}', 200, **PRODUCT), 404),
        "null": (gives(b'{"_source": {"image": null}}', 200, **PRODUCT), 404),
        "dotted": (gives(b'{"_source": {"image.data": "/9j/"}}', 200, **PRODUCT), 404),
        "nested list": (gives(b'{"_source": {"image": [[{"data": "/9j/"}]]}}', 200, **PRODUCT), 404),
        "no data": (gives(b'{"_source": {"image": {"error": {"code": "x"}}}}', 200, **PRODUCT), 404),
        "surrogates": (gives(b'{"_source": {"image": {"data": "\\ud83d", "sha256": "\\ud83d"}}}', 200, **PRODUCT), 422),
        "no base64": (gives(b'{"_source": {"image": "no base64!"}}', 200, **PRODUCT), 422),
        "deep": (gives(b'{"_source": {"image": ' + 2000 * b"[" + 2000 * b"]" + b"}}", 200, **PRODUCT), 404),
        "data URL": (gives(document(CAT).replace(b'"/9j/', b'"data:\\ud83d;base64,/9j/'), 200, **PRODUCT), 200),
    }
    with stranger({f"/images/_doc/{quote(id)}": behaviour for id, (behaviour, _) in answers.items()}) as server:
        settings = {"render_indices": "images", "elasticsearch_url": f"http://127.0.0.1:{server.port}"}
        with running_service(tmp_path / "log", workers="1", elasticsearch_api_key="hush", **settings) as service:
            for id, (_, status) in answers.items():
                answer = requests.get(f"{service.url}/v1/images/images/{quote(id)}", headers=AUTHORIZED, timeout=60)
                assert answer.status_code == status, (id, answer.text)
                assert "hush" not in answer.text
            for id in ("a/../b", "%2e%2e", "a%2f..%2f..%2f_search", "1?x"):
                requests.get(f"{service.url}/v1/images/images/{quote(id)}", headers=AUTHORIZED, timeout=60)
    assert all(headers.get("authorization") == "ApiKey hush" for _, headers in server.asked)
    assert all(path.startswith("/images/_doc/") and path.count("/") == 3 for path, _ in server.asked)
    assert "hush" not in service.log.read_text()


def slow(data: bytes, seconds: float) -> Behaviour:
    def answer(request: Request) -> None:
        time.sleep(seconds)
        request.answer(document(data), **PRODUCT)

    return answer


def test_a_secured_elasticsearch_gets_the_key_and_is_verified(tmp_path: Path) -> None:
    """TLS by an authority that only the setting names, and a key that is demanded."""
    authority = certificate_of("localhost", tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority, f"{authority}.key")

    def demanding(request: Request) -> None:
        known = request.headers["Authorization"] == "ApiKey c2VjcmV0OmtleQ=="
        request.answer(document(picture("pillow/hopper.jpg")) if known else b"{}", 200 if known else 401, **PRODUCT)

    with stranger({"/images/_doc/1": demanding}, tls=context) as server:
        there = {"render_indices": "images", "elasticsearch_url": f"https://localhost:{server.port}", "workers": "1"}
        trusting = {"elasticsearch_ca": str(authority), "elasticsearch_api_key": "c2VjcmV0OmtleQ=="}
        for number, (settings, status) in enumerate(
            [
                (trusting, 200),
                ({**trusting, "elasticsearch_api_key": "b3RoZXI="}, 502),
                ({**trusting, "elasticsearch_ca": ""}, 502),
            ]
        ):
            asked = len(server.asked)
            with running_service(tmp_path / f"log{number}", **there, **settings) as service:
                answer = requests.get(f"{service.url}/v1/images/images/1?w=50", headers=AUTHORIZED, timeout=60)
            assert answer.status_code == status, answer.text
            if status == 200:
                assert opened(answer.content).size == (50, 50)
            else:
                assert answer.json()["error"]["code"] == "elasticsearch_error"
            assert (len(server.asked) > asked) is bool(settings["elasticsearch_ca"]), "nothing is sent to a stranger"


def test_a_key_of_its_own_without_a_token_means_signed_addresses_only(tmp_path: Path) -> None:
    """As behind a proxy on the same machine, where the service needs no token; one of two nodes does not answer."""
    with stranger({"/images/_doc/1": gives(document(picture("pillow/hopper.jpg")), **PRODUCT)}) as server:
        nodes = f"http://127.0.0.1:{free_port()}, http://127.0.0.1:{server.port}"
        settings = {"render_indices": "images", "elasticsearch_url": nodes}
        with running_service(tmp_path / "log", workers="1", token="", render_key="own", **settings) as service:
            url = f"{service.url}/v1/images/images/1?w=50"
            for headers in ({}, AUTHORIZED):
                answer = requests.get(url, headers=headers, timeout=60)
                assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorized")
            assert server.asked == []
            for height in (40, 41, 42):
                signed = signed_url(f"{url}&h={height}", "own", int(time.time()) + 60)
                assert requests.get(signed, timeout=60).status_code == 200


def test_a_burst_of_renderings_does_not_keep_documents_waiting(tmp_path: Path) -> None:
    """Two workers, six slow renderings: one process is left for what is to be stored."""
    large = document(picture("exif-orientation/Landscape_1.jpg"))
    turn = '[{"rotate":{"degrees":%d}},{"blur":{"radius":50}},{"convert":{"format":"webp"}}]'
    with stranger({"/images/_doc/1": gives(large, **PRODUCT)}) as server:
        settings = {"render_indices": "images", "elasticsearch_url": f"http://127.0.0.1:{server.port}"}
        with running_service(tmp_path / "log", workers="2", **settings) as service, ThreadPoolExecutor(6) as viewers:

            def view(number: int) -> int:
                query = {"operations": turn % (number + 10)}
                url = f"{service.url}/v1/images/images/1"
                return requests.get(url, params=query, headers=AUTHORIZED, timeout=120).status_code

            started = time.monotonic()
            views = [viewers.submit(view, number) for number in range(6)]
            time.sleep(0.5)
            waited = []
            for _ in range(3):
                begin = time.monotonic()
                body = {"data": b64(picture("pillow/hopper.jpg")), "operations": ["grayscale"], "properties": []}
                answer = requests.post(f"{service.url}/v1/process", json=body, headers=AUTHORIZED, timeout=120)
                assert answer.status_code == 200
                waited.append(time.monotonic() - begin)
            assert not all(view.done() for view in views), "the renderings were not slow enough to tell anything"
            assert [view.result() for view in views] == [200] * 6
            assert max(waited) < (time.monotonic() - started) / 6, "a document waited as long as a rendering takes"


def test_too_many_at_a_time_are_told_to_come_later(tmp_path: Path) -> None:
    refused = threading.Event()

    def answer_late(request: Request) -> None:
        refused.wait(60)
        request.answer(document(picture("pillow/hopper.jpg")), **PRODUCT)

    with stranger({"/images/_doc/1": answer_late}) as server:
        settings = {"render_indices": "images", "elasticsearch_url": f"http://127.0.0.1:{server.port}"}
        with (
            running_service(tmp_path / "log", workers="1", queue_size="1", **settings) as service,
            ThreadPoolExecutor(6) as viewers,
        ):
            url = f"{service.url}/v1/images/images/1?w=50"
            views = [viewers.submit(requests.get, url, headers=AUTHORIZED, timeout=60) for _ in range(6)]
            wait_until(lambda: sum(view.done() for view in views) == 4)
            refused.set()
            answers = [view.result() for view in views]
    assert sorted(answer.status_code for answer in answers) == [200, 200, 429, 429, 429, 429]
    for answer in answers:
        if answer.status_code == 429:
            assert (answer.json()["error"]["code"], answer.headers["Retry-After"]) == ("busy", "1")


def test_viewers_that_do_not_read_their_pictures_keep_no_document_waiting(tmp_path: Path) -> None:
    """As many as the web process has threads."""
    large = encoded(Image.effect_noise((3000, 2500), 90).convert("RGB"), compress_level=0)
    get = f"GET /v1/images/images/1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
    with stranger({"/images/_doc/1": gives(document(large), **PRODUCT)}) as server, ExitStack() as stack:
        settings = {"render_indices": "images", "elasticsearch_url": f"http://127.0.0.1:{server.port}"}
        service = stack.enter_context(running_service(tmp_path / "log", workers="1", queue_size="1", **settings))
        heads = []
        for _ in range(12):
            viewer = stack.enter_context(socket.create_connection(("127.0.0.1", service.port), 60))
            viewer.sendall(get.encode())
            heads.append(viewer.recv(12))
        begin = time.monotonic()
        assert service.process_picture(picture("pillow/hopper.jpg")).status_code == 200
        assert time.monotonic() - begin < SEND_SECONDS / 2
    assert Counter(heads) == {b"HTTP/1.1 200": 2, b"HTTP/1.1 429": 10}


def test_what_many_ask_for_at_the_same_time_is_rendered_once(tmp_path: Path) -> None:
    with stranger({"/images/_doc/1": slow(picture("pillow/hopper.jpg"), 0.2)}) as server:
        settings = {"render_indices": "images", "elasticsearch_url": f"http://127.0.0.1:{server.port}"}
        settings["cache_dir"] = str(tmp_path / "cache")
        with running_service(tmp_path / "log", workers="2", **settings) as service, ThreadPoolExecutor(5) as viewers:
            url = f"{service.url}/v1/images/images/1?w=50"
            views = [viewers.submit(requests.get, url, headers=AUTHORIZED, timeout=60) for _ in range(5)]
            answers = [view.result() for view in views]
            metrics = requests.get(f"{service.url}/metrics", timeout=60).text
    assert {(answer.status_code, answer.content, answer.headers["ETag"]) for answer in answers} == {
        (200, answers[0].content, answers[0].headers["ETag"])
    }
    assert 'image_rendered_total{result="rendered"} 1.0' in metrics
    assert 'image_rendered_total{result="cached"} 4.0' in metrics
