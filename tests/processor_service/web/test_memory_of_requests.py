"""Memory of requests: kept for the next one, and not by connections that wait."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import orjson
import pytest
import requests

from processor_service.errors import ImageError
from processor_service.settings import Settings
from processor_service.web.answering import Answering
from processor_service.web.bodies import CONVERTING
from processor_service.web.held_bytes import HeldBytes
from processor_service.web.inference import completions
from processor_service.web.inference.completions import Completions
from processor_service.wire.inference_way import CHAT_PATH, COMPLETION_PATH, PARTS
from processor_service.wire.marks import mark
from processor_service.wire.payload import decode_payload
from processor_service.wire.recipe import recipe_hash
from processor_service.workers.worker import Answer
from tests.helpers.pictures import b64, picture
from tests.helpers.processes import stopped, wait_until
from tests.helpers.service import TOKEN, Service, running_service

LANDSCAPE = orjson.dumps({"data": b64(picture("exif-orientation/Landscape_1.jpg")), "operations": [], "properties": []})


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    log = tmp_path_factory.mktemp("memory") / "service.log"
    # A worker that is stopped is left alone for so long, however busy the machine is.
    with running_service(log, workers="1", picture_timeout="200") as running:
        yield running


def send(session: requests.Session, service: Service, body: bytes) -> None:
    headers: dict[str, Any] = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    session.post(f"{service.url}/v1/process", body, headers=headers, timeout=60).raise_for_status()


def web_process(service: Service) -> Path:
    """Its folder in /proc: the one that holds the workers' template is its parent."""
    worker = Path(f"/proc/{service.workers()[0]}")
    return Path("/proc") / parent(Path("/proc") / parent(worker))


def parent(process: Path) -> str:
    return stat(process)[1]


def stat(process: Path) -> list[str]:
    """What the kernel says about a process, from its state on."""
    return (process / "stat").read_text().rpartition(")")[2].split()


def test_a_picture_takes_the_memory_of_the_one_before(service: Service) -> None:
    web = web_process(service)
    with requests.Session() as session:
        for _ in range(10):
            send(session, service, LANDSCAPE)
        before = int(stat(web)[7])
        for _ in range(10):
            send(session, service, LANDSCAPE)
    # Pages that the kernel had to give to it: 600 a picture when everything is given back after each one.
    assert (int(stat(web)[7]) - before) / 10 < 100


def test_a_large_body_is_in_memory_once(service: Service) -> None:
    web, length = web_process(service), 3_000_000
    body = LANDSCAPE[:-1] + b" " * (length - len(LANDSCAPE)) + b"}"
    with requests.Session() as session:
        send(session, service, body)
        before = int(stat(web)[7])
        for _ in range(5):
            send(session, service, body)
    # The system gives its pages as the body comes in. Each copy would take as many again.
    assert (int(stat(web)[7]) - before) / 5 < 1.4 * length / 4096


def test_connections_that_wait_keep_no_pictures(service: Service) -> None:
    web, length = web_process(service), 4_000_000
    body = LANDSCAPE[:-1] + b" " * (length - len(LANDSCAPE)) + b"}"
    with requests.Session() as first:
        send(first, service, body)
        before = resident(web)
        sessions = [requests.Session() for _ in range(12)]
        for session in sessions:
            send(session, service, body)
        grown = resident(web) - before
        for session in sessions:
            session.close()
    assert grown < 4 * length, grown


# Padding that no decoder minds.
PADDED = b64(picture("pillow/hopper.jpg") + bytes(4_500_000))
BY_INFERENCE: dict[str, dict[str, Any]] = {
    "a text": {"input": PADDED, "properties": []},
    "with a mark": {"input": f"{PADDED};mark=x", "properties": []},
    "a data URL": {"input": f"data:image/jpeg;base64,{PADDED}", "properties": []},
    "chat": {
        "model": "ingest-image",
        "messages": [{"role": "user", "content": [{"image_url": {"url": f"data:image/jpeg;base64,{PADDED}"}}]}],
    },
}


@pytest.mark.parametrize("wide", ["\u65c5".encode(), rb"\u65c5"], ids=["as it is", "escaped"])
def test_a_long_text_with_letters_that_base64_lacks_is_refused_at_once(service: Service, wide: bytes) -> None:
    """Each of its characters takes two or four bytes of memory, and one of the body."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    for begin, end, path in (
        (b'{"input": "', b'", "properties": []}', COMPLETION_PATH),
        (b'{"model": "ingest-image", "messages": [{"role": "user", "content": "', b'"}]}', CHAT_PATH),
    ):
        for length in (8_000_000, 9_000_000):
            body = begin + b"A" * length + wide + end
            answer = requests.post(service.url + path, body, headers=headers, timeout=240)
            assert answer.status_code == 200 and "invalid_base64" in answer.text, answer.text[:200]
            assert ("a text of more than" in answer.text) is (length > 8_388_608)


@pytest.mark.parametrize("way", BY_INFERENCE)
def test_a_picture_that_waits_is_in_memory_once_by_the_inference_way_too(service: Service, way: str) -> None:
    """As text of the body, of its JSON, as data URL and as the worker's request it would be there several times."""
    web, body, count = web_process(service), orjson.dumps(BY_INFERENCE[way]), 6
    url, headers = service.url + (CHAT_PATH if way == "chat" else COMPLETION_PATH), {"Authorization": f"Bearer {TOKEN}"}
    (worker,) = service.workers()
    before = resident(web)
    with ThreadPoolExecutor(count) as threads:
        with stopped(worker):
            waiting = [threads.submit(requests.post, url, body, headers=headers, timeout=240) for _ in range(count)]
            metrics = f"{service.url}/metrics"
            wait_until(lambda: f"image_pending_pictures {count}.0" in requests.get(metrics, timeout=60).text)
            grown = resident(web) - before
        assert {each.result().status_code for each in waiting} == {200}
    assert grown < 1.5 * count * len(body), grown / len(body)


@pytest.mark.parametrize("head", ["", "data:image/jpeg;base64,"])
def test_what_a_current_picture_keeps_beside_its_request_counts(head: str) -> None:
    """It is compared with what the service makes again. Of a data URL, both texts are there."""
    settings, seen = Settings(), list[int]()

    class Pictures:
        def answer(self, body: bytes, beside: int) -> Answer:
            assert orjson.loads(body)["data"] == data
            seen.append(beside)
            return Answer({}, b'{"fields": {}}')

    data, recipe = b64(picture("pillow/hopper.jpg")), {"store": "external"}
    sha256 = hashlib.sha256(picture("pillow/hopper.jpg")).hexdigest()
    signed = mark(settings.mark_key(), recipe_hash(None, None), sha256)
    Completions(settings, cast(Answering, Pictures())).of_data(f"{head}{data};mark={signed}", recipe)
    assert seen == [len(head) + (2 if head else 1) * len(data)]


def test_what_waits_for_the_store_counts_until_it_is_there() -> None:
    held = HeldBytes(3000)
    with held.picture() as one, held.picture() as other:
        one.holds(1000)
        with pytest.raises(ImageError, match="busy"), held.more(500):
            assert held.bytes == 1500
            other.holds(1000)
    assert held.bytes == 0


@pytest.mark.parametrize("more", ["mark=x", ";".join(f"{part}=x" for part in PARTS)])
def test_a_picture_with_a_mark_is_read_by_one_thread_at_a_time(monkeypatch: pytest.MonkeyPatch, more: str) -> None:
    """Bytes, their base64 and the text of the document are there meanwhile, of each picture that is read."""
    alone = list[bool]()

    def decoded(text: object, most: int) -> bytes:
        alone.append(CONVERTING.locked())
        return decode_payload(text, most)

    class Pictures:
        def answer(self, body: bytes, beside: int) -> Answer:
            # While it waits, others are read.
            assert not CONVERTING.locked()
            return Answer({}, b'{"fields": {"bytes": 1}}')

    monkeypatch.setattr(completions, "decode_payload", decoded)
    Completions(Settings(), cast(Answering, Pictures())).of_data(f"{b64(picture('pillow/hopper.jpg'))};{more}", {})
    assert alone and all(alone)


def resident(process: Path) -> int:
    """Bytes of memory."""
    return int((process / "statm").read_text().split()[1]) * 4096


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/inference/completion", b'{"input":[' + b'{"a":1},' * 500_000 + b"0]}"),
        ("/v1/chat/completions", b'{"messages":[' + b"{}," * 500_000 + b"0]}"),
        # Escaped, so that only the text within the text has punctuation.
        ("/v1/chat/completions", b'{"model":"{\\"operations\\":[' + b"\\u007b\\u007d\\u002c" * 500_000 + b'0]}"}'),
    ],
)
def test_the_web_process_does_not_parse_more_values_than_any_recipe_has(
    service: Service, path: str, body: bytes
) -> None:
    answer = requests.post(service.url + path, body, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60)
    assert answer.status_code == 400
    assert "too many values" in answer.text
