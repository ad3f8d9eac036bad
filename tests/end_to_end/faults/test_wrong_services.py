"""Hosts that fail and answers that are not the service's, on a real node: nothing strange is stored, and one good service is enough."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import ApiError, Elasticsearch

from tests.helpers.nodes import set_hosts
from tests.helpers.pictures import b64, picture
from tests.helpers.ports import free_port
from tests.helpers.processes import with_pid
from tests.helpers.service import Service, running_service

from .programs import changing, liar, program
from .test_faults import assert_none_half_done, bulk, statuses

PHOTO = b64(picture("pillow/flower.jpg"))
OTHER = b64(picture("pdq/bridge-mods/aaa-orig.jpg"))
GIF = "R0lGODlhAQABAAAAACw="


@pytest.fixture(scope="module")
def relayed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, int]]:
    """A service that takes requests signed for a port, on which a program stands before it."""
    port = free_port()
    log = tmp_path_factory.mktemp("relayed") / "service.log"
    with running_service(log, workers="1", known_as=f"http://127.0.0.1:{port}") as service:
        yield service, port


@pytest.fixture
def hosts(es: Elasticsearch, service: Service) -> Iterator[None]:
    """The node calls the usual service again when the test is over."""
    yield
    set_hosts(es, service.url)
    es.cluster.put_settings(persistent={"ingest.image.timeout": None})


def once(es: Elasticsearch) -> Elasticsearch:
    """A client that takes the first 503 for an answer, and does not wait for the timeout three times more."""
    return es.options(max_retries=0)


def answer(**fields: Any) -> str:
    return json.dumps({"fields": fields})


@pytest.mark.parametrize(
    "body",
    [
        answer(),
        answer(width=1),
        answer(data=GIF, width=1, height=1, sha256="0" * 64, mark="0" * 64, source_mark="0" * 64, recipe="x"),
        answer(data=7, mark=["x"], sha256={}),
        answer(title="not the service's"),
    ],
    ids=["nothing", "only a width", "another picture with a mark of zeros", "wrong types", "another name"],
)
def test_an_answer_that_the_service_has_not_signed_is_not_stored(
    es: Elasticsearch, index: str, hosts: None, body: str
) -> None:
    es.cluster.put_settings(persistent={"ingest.image.timeout": "3s"})
    with liar(200, body) as url:
        set_hosts(es, url)
        with pytest.raises(ApiError) as refusal:
            once(es).index(index=index, id="1", document={"image": {"data": PHOTO}})
    assert refusal.value.status_code == 503
    said = str(refusal.value)
    # Where a busy machine is silent for a quarter of the time, that is the code.
    assert "[service_not_ours]" in said or "[service_timeout]" in said
    assert "the answer is not the processor service's" in said and PHOTO[:50] not in said
    assert not es.indices.exists(index=index) or not es.exists(index=index, id="1")


@pytest.mark.parametrize(
    "fields",
    [
        {"width": "abc"},
        {"width": {"a": {"b": 1}}},
        {"width": 1.5},
        {"width": 2**40},
        {"format": "x" * 10_000_000},
        {"color_names": ["red"] * 100_000},
        {"colors": [{"share": "much"}]},
        {"metadata": {"mine": 1}},
    ],
    ids=["text", "an object", "a fraction", "too large", "a long text", "a long list", "deep within", "another name"],
)
def test_a_field_of_another_type_or_size_is_not_stored(
    es: Elasticsearch, index: str, relayed: tuple[Service, int], hosts: None, fields: dict[str, Any]
) -> None:
    with changing(*relayed) as url:
        set_hosts(es, url)
        es.index(index=index, id="good", document={"image": {"data": PHOTO}})
    es.cluster.put_settings(persistent={"ingest.image.timeout": "3s"})
    problem = f"the field [{next(iter(fields))}] is not of the type and size"
    with changing(*relayed, **fields) as url:
        set_hosts(es, url)
        with pytest.raises(ApiError) as refusal:
            once(es).index(index=index, id="1", document={"image": {"data": PHOTO}})
    assert refusal.value.status_code == 503
    assert problem in str(refusal.value)
    assert len(str(refusal.value)) < 2000, "nothing of the answer is quoted"
    assert not es.exists(index=index, id="1")


def test_a_field_that_something_in_between_has_changed_is_not_stored(
    es: Elasticsearch, index: str, relayed: tuple[Service, int], hosts: None
) -> None:
    """Within its type: all marks are right, and only the proof is not."""
    es.cluster.put_settings(persistent={"ingest.image.timeout": "3s"})
    with changing(*relayed, width=7) as url:
        set_hosts(es, url)
        with pytest.raises(ApiError) as refusal:
            once(es).index(index=index, id="1", document={"image": {"data": PHOTO}})
    assert refusal.value.status_code == 503
    assert "it has no proof that the service gave it to this very request" in str(refusal.value)
    assert not es.indices.exists(index=index) or not es.exists(index=index, id="1")


@pytest.mark.parametrize(
    ("status", "body"), [(404, "nothing"), (500, "boom"), (200, "<html>portal</html>"), (200, answer())]
)
def test_a_wrong_program_beside_a_good_service_costs_no_document(
    es: Elasticsearch, es_url: str, index: str, service: Service, hosts: None, status: int, body: str
) -> None:
    with liar(status, body) as url:
        set_hosts(es, url, service.url)
        items = bulk(es_url, index, "images", 40)
    assert statuses(items) == {201: 40}
    assert_none_half_done(es, index, items)


def test_a_service_with_another_token_beside_a_good_one_costs_no_document(
    es: Elasticsearch, es_url: str, index: str, service: Service, hosts: None, tmp_path: Path
) -> None:
    with running_service(tmp_path / "other.log", token="another", workers="1") as other:
        set_hosts(es, other.url, service.url)
        items = bulk(es_url, index, "images", 80)
    assert statuses(items) == {201: 80}
    assert_none_half_done(es, index, items)


@pytest.mark.parametrize("what", ["whole", "workers"])
def test_a_frozen_service_beside_a_good_one_is_remembered(
    es: Elasticsearch, es_url: str, index: str, own_service: Service, service: Service, what: str
) -> None:
    frozen = [own_service.process.pid, *own_service.descendants()] if what == "whole" else own_service.workers()
    for pid in frozen:
        with_pid(pid, signal.SIGSTOP)
    try:
        set_hosts(es, own_service.url, service.url)
        seconds = []
        for _ in range(3):
            start = time.monotonic()
            assert set(statuses(bulk(es_url, index, "images", 20))) == {201}
            seconds.append(time.monotonic() - start)
            es.indices.delete(index=index)
        # The first one finds out, in seconds and not in the half minute that an attempt has. Nobody pays again.
        assert seconds[0] < 30 and min(seconds[1:]) < seconds[0], seconds
    finally:
        for pid in frozen:
            with_pid(pid, signal.SIGCONT)


def refusal(code: str) -> str:
    return json.dumps({"error": {"code": code, "reason": "says anybody", "retryable": False}, "fields": {"data": None}})


FORGED = [(422, refusal("corrupt_image")), (400, refusal("invalid_recipe")), (413, "<html>413 Too Large</html>")]


@pytest.mark.parametrize(("status", "body"), FORGED, ids=["picture", "recipe", "proxy"])
def test_only_the_service_can_refuse_a_picture(
    es: Elasticsearch, index: str, hosts: None, status: int, body: str
) -> None:
    es.index(index=index, id="1", document={"image": {"data": PHOTO}, "title": "t"})
    before = es.get(index=index, id="1")["_source"]
    with liar(status, body) as url:
        set_hosts(es, url)
        with pytest.raises(ApiError) as answer:
            once(es).update(index=index, id="1", doc={"image": {"data": OTHER}})
    assert answer.value.status_code == 503
    assert f"[service_not_ours] status {status}" in str(answer.value) and "[ingest.image.hosts]" in str(answer.value)
    assert es.get(index=index, id="1")["_source"] == before


def test_one_that_refuses_everything_beside_a_good_service_costs_no_document(
    es: Elasticsearch, es_url: str, index: str, service: Service, hosts: None
) -> None:
    with liar(*FORGED[0]) as url:
        set_hosts(es, url, service.url)
        items = bulk(es_url, index, "images", 40)
    assert statuses(items) == {201: 40}
    assert_none_half_done(es, index, items)


def test_what_the_service_refuses_is_recorded_though_another_program_refuses_it_too(
    es: Elasticsearch, index: str, service: Service, hosts: None
) -> None:
    with liar(*FORGED[0]) as url:
        set_hosts(es, url, service.url)
        for id in range(4):
            es.index(index=index, id=str(id), document={"image": {"data": "bm8gcGljdHVyZQ=="}})
            assert es.get(index=index, id=str(id))["_source"]["image"]["error"]["code"] == "not_an_image"


def test_a_result_that_is_too_long_to_be_read_is_the_services_or_none(
    es: Elasticsearch, index: str, service: Service, hosts: None
) -> None:
    es.cluster.put_settings(persistent={"ingest.image.timeout": "4s"})
    # More than the node may read: it hangs up at the head.
    with liar(200, " " * 61_000_000) as url:
        set_hosts(es, url)
        with pytest.raises(ApiError) as answer:
            once(es).index(index=index, id="1", document={"image": {"data": PHOTO}})
    assert answer.value.status_code == 503
    assert "longer than" in str(answer.value)


@pytest.mark.parametrize(
    ("timeout", "seconds", "code"),
    # The first two attempts take seconds, so that the deadline cuts the third one short; or the second one has long.
    [("12s", [4, 5, 30], "service_bad_answer"), ("12s", [0, 30], "service_timeout")],
    ids=["cut short", "silent for long"],
)
def test_the_last_attempt_does_not_hide_what_those_before_it_met(
    es: Elasticsearch, index: str, hosts: None, timeout: str, seconds: list[float], code: str
) -> None:
    es.cluster.put_settings(persistent={"ingest.image.timeout": timeout})
    over = threading.Event()
    waits = iter(seconds)

    def nonsense(path: str, *_: Any) -> tuple[int, str]:
        if path == "/v1/process":
            over.wait(next(waits, 30))
        return 200, "<html>portal</html>"

    with program(nonsense) as url:
        set_hosts(es, url)
        with pytest.raises(ApiError) as answer:
            once(es).index(index=index, id="1", document={"image": {"data": PHOTO}})
        over.set()
    assert answer.value.status_code == 503
    said = str(answer.value)
    assert "status 200 with no JSON object with [fields]" in said
    # A busy machine may make no connection in time for the attempt after that.
    assert f"[{code}]" in said or "HttpConnectTimeoutException" in said
