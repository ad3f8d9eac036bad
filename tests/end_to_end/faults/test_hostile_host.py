"""Whoever may change settings names a host of their own: it gets pictures, but no token, no key, and nothing to send again."""

from __future__ import annotations

import base64
import hashlib
import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from elasticsearch import ApiError, Elasticsearch

from processor_service.keys import api_token, first_mark_key, mark_key, transport_key
from processor_service.web.callers.proofs import HEADER as PROOF
from processor_service.wire.marks import mark, source_mark, thumbnail_mark
from tests.helpers.nodes import set_hosts
from tests.helpers.pictures import b64, picture
from tests.helpers.service import TOKEN, Service, calls

PHOTO = b64(picture("pillow/flower.jpg"))


@dataclass
class Captured:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Hostile:
    """A host that keeps what it is sent; with `relay` it hands everything on, and the answer back."""

    url: str = ""
    relay: str = ""
    requests: list[Captured] = field(default_factory=list)


@contextmanager
def capturing() -> Iterator[Hostile]:
    hostile = Hostile()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            captured = Captured(self.path, dict(self.headers), body)
            hostile.requests.append(captured)
            status, answer, proof = send_on(hostile.relay, captured) if hostile.relay else (500, b"{}", "")
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.send_header(PROOF, proof)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    hostile.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield hostile
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def send(url: str, captured: Captured, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
    """Send a captured request to the real service, byte for byte, but for what is changed."""
    return send_on(url, captured, body, **headers)[:2]


def send_on(url: str, captured: Captured, body: bytes | None = None, **headers: str) -> tuple[int, bytes, str]:
    """The same, with the proof of the answer."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
    content = captured.body if body is None else body
    sent = captured.headers | {"Content-Length": str(len(content))} | headers
    connection.putrequest("POST", captured.path, skip_host=True, skip_accept_encoding=True)
    for name, value in sent.items():
        connection.putheader(name, value)
    connection.endheaders(content)
    answer = connection.getresponse()
    try:
        return answer.status, answer.read(), answer.headers.get(PROOF, "")
    finally:
        connection.close()


@pytest.fixture
def hostile(es: Elasticsearch, service: Service) -> Iterator[Hostile]:
    """The node sends its pictures there; the usual service again when the test is over."""
    with capturing() as host:
        set_hosts(es, host.url)
        yield host
        set_hosts(es, service.url)


def test_a_host_that_a_setting_names_learns_no_secret_and_can_send_nothing_again(
    es: Elasticsearch, index: str, service: Service, hostile: Hostile
) -> None:
    with pytest.raises(ApiError):
        es.options(max_retries=0).index(index=index, id="1", document={"image": {"data": PHOTO}})
    captured = hostile.requests[0]
    text = str(captured.headers) + captured.path + captured.body.decode()
    keys = [transport_key(TOKEN), mark_key(TOKEN), first_mark_key(TOKEN)]
    secrets = [TOKEN, api_token(TOKEN), *(key.hex() for key in keys), *(b64(key) for key in keys)]
    assert not any(secret in text for secret in secrets)
    # Byte for byte, as its own client would, and with everything changed that it might change.
    own = service.url.removeprefix("http://")
    authorization = captured.headers["Authorization"]
    changes: list[dict[str, str]] = [
        {},
        {"Host": own},
        {"Authorization": authorization.replace(hostile.url, service.url)},
        {"Authorization": f"Bearer {authorization.rpartition('=')[2]}"},
        {"Authorization": authorization[: authorization.index(", signature")]},
    ]
    for headers in changes:
        status, answer = send(service.url, captured, None, **headers)
        assert status == 401 and b"fields" not in answer, headers
    forged = captured.body[:-1] + b', "normalized": true}'
    assert send(service.url, captured, forged)[0] == 401
    # Nothing was lost: the client sends it again when the setting is right.
    set_hosts(es, service.url)
    es.index(index=index, id="1", document={"image": {"data": PHOTO}})
    assert es.get(index=index, id="1")["_source"]["image"]["mark"]


def test_a_host_in_between_cannot_hand_on_what_was_signed_for_it(
    es: Elasticsearch, index: str, service: Service, hostile: Hostile
) -> None:
    hostile.relay = service.url
    with pytest.raises(ApiError) as refusal:
        es.options(max_retries=0).index(index=index, id="1", document={"image": {"data": PHOTO}})
    assert refusal.value.status_code == 500
    assert "[wrong_host]" in str(refusal.value) and "IMAGE_KNOWN_AS" in str(refusal.value)
    assert TOKEN not in str(refusal.value)
    assert not es.indices.exists(index=index) or not es.exists(index=index, id="1")


def test_what_was_sent_to_the_service_itself_is_good_for_once(
    es: Elasticsearch, index: str, hostile: Hostile, own_service: Service
) -> None:
    """Somebody listens on the network, which is plain HTTP here, and sends all of it again."""
    own_service.kill()
    own_service.settings |= {"known_as": hostile.url}
    own_service.start()
    hostile.relay = own_service.url
    set_hosts(es, hostile.url)
    es.index(index=index, id="1", document={"image": {"data": PHOTO}})
    captured = hostile.requests[-1]
    status, answer = send(own_service.url, captured)
    assert status == 401 and b"replayed" in answer
    # What a nonce is for is refused before anything is done: other bytes under the same signature, too.
    assert send(own_service.url, captured, captured.body.replace(b"{", b"{ ", 1))[0] == 401


def test_a_mark_of_the_older_key_is_believed_and_renewed_without_a_call(
    es: Elasticsearch, index: str, own_service: Service
) -> None:
    es.index(index=index, id="1", document={"image": {"data": PHOTO}})
    made = es.get(index=index, id="1")["_source"]["image"]
    key, recipe, stored = first_mark_key(TOKEN), made["recipe"], made["sha256"]
    old = {
        "mark": mark(key, recipe, stored),
        "source_mark": source_mark(key, recipe, made["original"]["sha256"], stored),
        "thumbnail_mark": thumbnail_mark(key, recipe, stored, base64.b64decode(made["thumbnail"])),
    }
    assert not set(old.values()) & {made[name] for name in old}
    before = calls(own_service)
    es.update(index=index, id="1", doc={"title": "t", "image": old})
    renewed = es.get(index=index, id="1")["_source"]["image"]
    assert calls(own_service) == before
    # The mark over a source that is gone is of no use here, and stays as it is.
    assert renewed == made | {"source_mark": renewed["source_mark"]}


def test_a_mark_made_with_the_key_of_requests_or_the_api_token_is_not_believed(
    es: Elasticsearch, index: str, own_service: Service
) -> None:
    es.index(index=index, id="1", document={"image": {"data": PHOTO}})
    recipe = es.get(index=index, id="1")["_source"]["image"]["recipe"]
    raw = picture("pillow/flower.jpg")
    sha256 = hashlib.sha256(raw).hexdigest()
    for number, key in enumerate((transport_key(TOKEN), api_token(TOKEN).encode(), TOKEN.encode(), b"")):
        forged = {"data": PHOTO, "mark": mark(key, recipe, sha256), "sha256": sha256, "recipe": recipe}
        es.index(index=index, id=f"f{number}", document={"image": forged})
        stored = es.get(index=index, id=f"f{number}")["_source"]["image"]
        assert stored["data"] != PHOTO and stored["mark"] == mark(mark_key(TOKEN), recipe, stored["sha256"])
