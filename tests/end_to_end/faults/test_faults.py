"""Faults on a real node: the statuses of the design's table, no document half done, no hang, and the same bulk again succeeds."""

from __future__ import annotations

import base64
import json
import math
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from elasticsearch import Elasticsearch
from PIL import Image

from tests.helpers.nodes import set_hosts
from tests.helpers.pictures import b64, encoded, picture
from tests.helpers.png_chunks import chunk
from tests.helpers.processes import wait_until, with_pid
from tests.helpers.service import Service, calls
from tests.helpers.workers import ENDLESS, signal_at_work

PHOTO = b64(picture("pillow/flower.jpg"))
LARGE = b64(picture("pdq/bridge-mods/aaa-orig.jpg"))


def put_impatient(es: Elasticsearch, name: str, seconds: int) -> None:
    """Make that pipeline one whose documents have so many seconds."""
    operations = [{"resize": {"width": 800}}, {"convert": {"format": "jpeg"}}]
    es.ingest.put_pipeline(id=name, processors=[{"image": {"operations": operations, "timeout": f"{seconds}s"}}])


@pytest.fixture
def impatient(es: Elasticsearch, index: str) -> Iterator[str]:
    """A pipeline of short deadlines, so that the tests need not wait for the generous defaults.

    For what cannot succeed: a good service on a busy machine may need longer.
    """
    name = f"impatient-{index}"
    put_impatient(es, name, 4)
    yield name
    es.ingest.delete_pipeline(id=name)


def bulk(url: str, index: str, pipeline: str, n: int, data: str = PHOTO) -> list[dict[str, Any]]:
    """Index n pictures by one raw bulk; the items' answers."""
    lines = "".join(
        json.dumps({"index": {"_index": index, "_id": str(i)}})
        + "\n"
        + json.dumps({"n": i, "image": {"data": data}})
        + "\n"
        for i in range(n)
    )
    answer = requests.post(
        f"{url}/_bulk?pipeline={pipeline}&refresh=true",
        data=lines,
        headers={"Content-Type": "application/x-ndjson"},
        timeout=240,
    )
    assert answer.status_code == 200, answer.text[:500]
    return [item["index"] for item in answer.json()["items"]]


def wait_for_work(service: Service, pictures: float) -> None:
    """Until the service has answered that many pictures: others are under way."""
    wait_until(lambda: calls(service) >= pictures, pause=0.01)


def statuses(items: list[dict[str, Any]]) -> Counter[int]:
    reasons = Counter(item["error"]["reason"][:300] for item in items if "error" in item)
    print(reasons.most_common(3))
    return Counter(item["status"] for item in items)


def assert_none_half_done(es: Elasticsearch, index: str, items: list[dict[str, Any]]) -> None:
    """What the bulk said is what the index has: whole documents of the successful items, nothing of the others."""
    stored = {}
    if es.indices.exists(index=index):
        hits = es.search(index=index, size=1000, source_includes=["image.width", "image.mark"])["hits"]["hits"]
        stored = {hit["_id"]: hit["_source"]["image"] for hit in hits}
    assert set(stored) == {item["_id"] for item in items if item["status"] < 300}
    assert all(image["width"] and image["mark"] for image in stored.values())


def test_service_stopped(es: Elasticsearch, es_url: str, index: str, impatient: str, own_service: Service) -> None:
    own_service.stop()
    start = time.monotonic()
    items = bulk(es_url, index, impatient, 20)
    assert statuses(items) == {503: 20}
    # Without a deadline of its own it would be a minute.
    assert time.monotonic() - start < 50
    reason = items[0]["error"]["reason"]
    assert "service_unavailable" in reason and own_service.url in reason and "ingest.image.hosts" in reason
    assert_none_half_done(es, index, items)
    own_service.start()
    again = bulk(es_url, index, "images", 20)
    assert statuses(again) == {201: 20}
    assert_none_half_done(es, index, again)


def test_service_that_hangs(es: Elasticsearch, es_url: str, index: str, impatient: str, own_service: Service) -> None:
    """The whole service is stopped dead: connections are accepted by the kernel, nothing answers."""
    everything = [own_service.process.pid, *own_service.descendants()]
    for pid in everything:
        with_pid(pid, signal.SIGSTOP)
    try:
        start = time.monotonic()
        items = bulk(es_url, index, impatient, 6)
        assert statuses(items) == {503: 6}
        assert time.monotonic() - start < 50
        assert "service_timeout" in items[0]["error"]["reason"] or "service_unavailable" in items[0]["error"]["reason"]
        assert_none_half_done(es, index, items)
    finally:
        for pid in everything:
            with_pid(pid, signal.SIGCONT)
    assert statuses(bulk(es_url, index, "images", 6)) == {201: 6}


def test_service_killed_in_the_middle_of_a_bulk(
    es: Elasticsearch, es_url: str, index: str, impatient: str, own_service: Service
) -> None:
    # A busy machine may need the usual seconds for one picture, and some have to be stored.
    began = time.monotonic()
    es.ingest.simulate(id=impatient, docs=[{"_source": {"image": {"data": LARGE}}}])
    put_impatient(es, impatient, min(60, max(4, math.ceil(12 * (time.monotonic() - began)))))
    with ThreadPoolExecutor(1) as threads:
        before = calls(own_service)
        future = threads.submit(bulk, es_url, index, impatient, 40, LARGE)
        wait_for_work(own_service, before + 3)
        own_service.kill()
        items = future.result()
    counts = statuses(items)
    # Some may have met a service that is busy before it was killed.
    assert {201, 503} <= set(counts) <= {201, 429, 503}, counts
    assert_none_half_done(es, index, items)
    own_service.start()
    again = bulk(es_url, index, "images", 40, LARGE)
    assert set(statuses(again)) <= {200, 201}
    assert_none_half_done(es, index, again)


def test_a_service_that_comes_back_in_time_is_not_noticed(
    es: Elasticsearch, es_url: str, index: str, own_service: Service
) -> None:
    own_service.stop()
    timer = threading.Timer(2, own_service.start)
    timer.start()
    try:
        items = bulk(es_url, index, "images", 5)
    finally:
        timer.join()
    assert statuses(items) == {201: 5}


def test_another_host_takes_over(
    es: Elasticsearch, es_url: str, index: str, own_service: Service, service: Service
) -> None:
    set_hosts(es, own_service.url, service.url)
    own_service.kill()
    items = bulk(es_url, index, "images", 30)
    assert statuses(items) == {201: 30}


def test_a_worker_killed_under_load_costs_nothing(
    es: Elasticsearch, es_url: str, index: str, own_service: Service
) -> None:
    with ThreadPoolExecutor(1) as threads:
        before = calls(own_service)
        future = threads.submit(bulk, es_url, index, "images", 30, LARGE)
        wait_for_work(own_service, before + 3)
        with_pid(own_service.workers()[0], signal.SIGKILL)
        items = future.result()
    assert statuses(items) == {201: 30}
    assert_none_half_done(es, index, items)


def test_queue_full(es: Elasticsearch, es_url: str, index: str, own_service: Service) -> None:
    es.cluster.put_settings(persistent={"ingest.image.queue_size": 5, "ingest.image.max_in_flight": 2})
    try:
        items = bulk(es_url, index, "images", 30, LARGE)
        counts = statuses(items)
        assert set(counts) == {201, 429} and counts[201] >= 7, counts
        assert "ingest.image.queue_size" in next(item["error"]["reason"] for item in items if item["status"] == 429)
        assert_none_half_done(es, index, items)
    finally:
        es.cluster.put_settings(persistent={"ingest.image.queue_size": None, "ingest.image.max_in_flight": None})
    again = bulk(es_url, index, "images", 30, LARGE)
    assert set(statuses(again)) <= {200, 201}


def test_service_busy(es: Elasticsearch, es_url: str, index: str, start_service: Callable[..., Service]) -> None:
    start_service(picture_timeout="5", queue_size="1", workers="1")
    items = bulk(es_url, index, "images", 30, LARGE)
    counts = statuses(items)
    # The node sends what the service can take; who runs out of time on a busy machine is told to come again.
    assert set(counts) <= {201, 429} and counts[201] > 15, counts
    assert_none_half_done(es, index, items)


def test_wrong_token(es_url: str, index: str, impatient: str, start_service: Callable[..., Service]) -> None:
    start_service(token="another")
    items = bulk(es_url, index, impatient, 3)
    assert statuses(items) == {500: 3}
    reason = items[0]["error"]["reason"]
    assert "service_unauthorized" in reason and "ingest.image.token" in reason
    assert "test-token" not in reason and "another" not in reason


def test_a_picture_whose_worker_is_stopped_is_tried_again_and_stored(
    es: Elasticsearch, es_url: str, index: str, start_service: Callable[..., Service]
) -> None:
    """One worker is stopped in the middle of a bulk: that is not the picture's fault, and nothing is stored of it."""
    own_service = start_service(picture_timeout="2")
    with ThreadPoolExecutor(1) as threads:
        before = calls(own_service)
        future = threads.submit(bulk, es_url, index, "images", 30, LARGE)
        wait_for_work(own_service, before + 3)
        with_pid(own_service.workers()[0], signal.SIGSTOP)
        items = future.result()
    assert statuses(items) == {201: 30}
    hits = es.search(index=index, size=100, source_includes=["image.width", "image.error"])["hits"]["hits"]
    codes = Counter(hit["_source"]["image"].get("error", {}).get("code", "ok") for hit in hits)
    assert codes == {"ok": 30}


def test_metadata_of_a_picture_that_crashes_its_workers_are_cut_by_another(
    es: Elasticsearch, es_url: str, index: str, start_service: Callable[..., Service]
) -> None:
    """Both workers that decode it crash: what is stored beside the error was cut by a third, and names nobody."""
    service = start_service(workers="1", picture_timeout="60")
    processor = {"image": {"operations": ENDLESS, "timeout": "120s", "on_invalid": "record"}}
    es.ingest.put_pipeline(id=index, processors=[processor])
    plain = encoded(Image.effect_noise((2500, 2000), 80), compress_level=1)
    # 8 + 25 bytes of signature and header, then a text.
    named = plain[:33] + chunk(b"tEXt", b"Author\0Zebedee Quirk") + plain[33:]
    try:
        with ThreadPoolExecutor(1) as threads:
            future = threads.submit(bulk, es_url, index, index, 1, b64(named))
            signal_at_work(service, (signal.SIGSEGV, signal.SIGSEGV))
            assert statuses(future.result()) == {201: 1}
        image = es.get(index=index, id="0")["_source"]["image"]
        assert image["error"]["code"] == "picture_crashed"
        assert base64.b64decode(image["data"]) == plain
        assert "Zebedee" not in json.dumps(image)
    finally:
        es.ingest.delete_pipeline(id=index)
