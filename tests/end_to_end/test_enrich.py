"""`ingest-image enrich` on real nodes: who wins, who does what, and what becomes of failures."""

from __future__ import annotations

import json
import signal
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from elastic_transport import Transport
from elasticsearch import Elasticsearch

from ingest_image.enrich import attempts, follow, rests
from ingest_image.enrich.claims import Claims
from ingest_image.reprocess.command import reprocess
from tests.helpers.enrichers import LATER, PHOTO, Heard, enricher, let_wait, waiting
from tests.helpers.nodes import set_hosts, source
from tests.helpers.pictures import b64, picture
from tests.helpers.ports import free_port
from tests.helpers.processes import wait_until, with_pid
from tests.helpers.service import Service, calls

LARGE = b64(picture("pdq/bridge-mods/aaa-orig.jpg"))


@pytest.fixture(autouse=True)
def later(es: Elasticsearch, index: str) -> Iterator[None]:
    """The index has a pipeline that adds the vector later."""
    es.ingest.put_pipeline(id=index, processors=[{"image": {**LATER, "timeout": "30s"}}])
    es.indices.create(index=index, settings={"index.default_pipeline": index})
    yield
    es.indices.delete(index=index)
    es.ingest.delete_pipeline(id=index)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pauses between attempts."""
    monkeypatch.setattr(attempts, "PAUSES", (0.0, 0.0, 0.0))
    monkeypatch.setattr(attempts, "_LONGEST", 0.0)


def test_what_waits_is_enriched_once_and_the_oldest_first(es: Elasticsearch, index: str, service: Service) -> None:
    es.bulk(
        index=index,
        operations=[
            *({"index": {"_id": "young"}}, {"image": {"data": PHOTO, "enrich": True}}),
            *({"index": {"_id": "old"}}, {"image": {"data": PHOTO}}),
            *({"index": {"_id": "new"}}, {"image": {"data": PHOTO}}),
        ],
    )
    # Written again, it still waits since it was stored.
    time.sleep(0.01)
    let_wait(es, index, "newest")
    es.update(index=index, id="old", doc={"title": "mine"}, refresh=True)
    working, before = enricher(es, index), calls(service)
    assert [one.id for one in working.backlog.oldest()][-1] == "newest"
    assert 0 < working.backlog.measure().oldest < 60
    done = working.round()
    assert done and (done.enriched, done.changed, done.waits) == (3, 0, "")
    assert calls(service) == before + 3
    # The search may still show them as they were; they are not even read again.
    assert working.round() is None
    assert waiting(es, index) == [] and working.backlog.measure().documents == 0
    old = source(es, index, "old")
    assert old["title"] == "mine" and old["image"]["embedder"] == "builtin-v1"
    assert not {"pending", "pending_since", "enrich"} & old["image"].keys()


def test_a_newer_write_wins_and_is_enriched_in_its_turn(
    es: Elasticsearch, index: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_wait(es, index, "1", "2")
    perform = Transport.perform_request
    between = [lambda: es.index(index=index, id="1", document={"title": "newer", "image": {"data": LARGE}})]

    def performed(self: Transport, method: str, target: str, **more: Any) -> Any:
        if "_bulk" in target and between:
            between.pop()()
        return perform(self, method, target, **more)

    monkeypatch.setattr(Transport, "perform_request", performed)
    working = enricher(es, index)
    done = working.round()
    assert done and (done.enriched, done.changed, done.failed) == (1, 1, 0)
    newer = source(es, index, "1")
    assert (newer["title"], newer["image"]["pending"]) == ("newer", ["embedding"])
    assert waiting(es, index) == ["1"]
    done = working.round()
    assert done and done.enriched == 1
    assert source(es, index, "1")["image"]["embedder"] == "builtin-v1"
    assert source(es, index, "1")["image"]["sha256"] == newer["image"]["sha256"]


def test_a_request_is_bounded_by_bytes(es: Elasticsearch, index: str, monkeypatch: pytest.MonkeyPatch) -> None:
    let_wait(es, index, *"abcde")
    perform, sizes = Transport.perform_request, []

    def performed(self: Transport, method: str, target: str, **more: Any) -> Any:
        if "_bulk" in target:
            sizes.append(sum(len(line) + 1 for line in more["body"]))
        return perform(self, method, target, **more)

    monkeypatch.setattr(Transport, "perform_request", performed)
    working = enricher(es, index)
    # Two documents fit into a request, three do not.
    working.max_bytes = len(json.dumps(source(es, index, "a"))) * 5 // 2
    done = working.round()
    assert done and done.enriched == 5
    assert len(sizes) == 3 and max(sizes) <= working.max_bytes


def test_what_another_enricher_is_at_work_on_is_left_to_it(
    es: Elasticsearch, index: str, service: Service, own_service: Service
) -> None:
    let_wait(es, index, *"abcd")
    first, second = enricher(es, index), enricher(es, index)
    first._size = 2
    stopped = [own_service.process.pid, *own_service.descendants()]
    before = calls(own_service), calls(service)
    thread = threading.Thread(target=first.round)
    try:
        for pid in stopped:
            with_pid(pid, signal.SIGSTOP)
        thread.start()
        wait_until(lambda: not Claims(es).is_empty)
        set_hosts(es, service.url)
        done = second.round()
    finally:
        for pid in stopped:
            with_pid(pid, signal.SIGCONT)
    thread.join()
    assert done and (done.enriched, done.changed) == (2, 0)
    assert (first.total.enriched, first.total.changed) == (2, 0)
    # A call that hung may have been made again, at the other service.
    assert calls(service) + calls(own_service) - sum(before) <= 6
    assert waiting(es, index) == []


def test_four_that_begin_at_once_do_little_twice(es: Elasticsearch, index: str, service: Service) -> None:
    ids = [f"{number}" for number in range(100)]

    def at_once() -> float:
        """How many pictures the service was asked for."""
        let_wait(es, index, *ids)
        before, several = calls(service), [enricher(es, index) for _ in range(4)]
        threads = [threading.Thread(target=follow.follow, args=(one, threading.Event(), True)) for one in several]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert waiting(es, index) == [] and sum(one.total.enriched for one in several) == len(ids)
        return calls(service) - before

    # 100 to 123 calls, and up to 159 where others want the processor; 164 to 241 if nobody says what it works on.
    assert any(at_once() <= len(ids) * 1.5 for _ in range(3))


def test_at_light_load_what_is_pending_is_gone_soon(es: Elasticsearch, index: str) -> None:
    def is_enriched(id: str) -> bool:
        return "pending" not in source(es, index, id)["image"]

    stop = threading.Event()
    thread = threading.Thread(target=follow.follow, args=(enricher(es, index), stop))
    thread.start()
    took = []
    try:
        for number in range(4):
            es.index(index=index, id=f"{number}", document={"image": {"data": PHOTO}})
            began = time.monotonic()
            wait_until(partial(is_enriched, f"{number}"), 120)
            took.append(time.monotonic() - began)
    finally:
        stop.set()
        thread.join()
    # About 1.5 s; this machine may have other things to do. tests/load/enrichers.py measures it.
    assert statistics.median(took) < 25, took


def test_a_picture_that_cannot_be_enriched_is_recorded_and_tried_again_when_asked(
    es: Elasticsearch,
    es_url: str,
    index: str,
    service: Service,
    start_service: Callable[..., Service],
    at_once: None,
    tmp_path: Path,
) -> None:
    es.index(index=index, id="list", document={"image": [{"data": LARGE}, {"data": PHOTO}]})
    es.index(index=index, id="1", document={"image": {"data": LARGE}}, refresh=True)
    es.index(index=index, id="2", document={"image": {"data": PHOTO}}, refresh=True)
    before = source(es, index, "1")["image"]
    strict = start_service(max_pixels="20000")
    working = enricher(es, index)
    while waiting(es, index):
        assert (done := working.round()) and not done.waits, done
    assert (working.total.enriched, working.total.recorded) == (1, 2)
    assert calls(strict) == 4 + 4 + 1
    image = source(es, index, "1")["image"]
    error = image.pop("error")
    assert error["code"] == "enrich_failed" and error["reason"].startswith("[too_many_pixels]")
    before.pop("pending_since")
    assert image == before and image["pending"] == ["embedding"]
    first, second = source(es, index, "list")["image"]
    # Only the first picture of a document has a vector.
    assert first["error"]["code"] == "enrich_failed" and first["data"]
    assert "error" not in second and "pending" not in second
    # A write of something else asks nobody, and changes nothing about it.
    es.update(index=index, id="1", doc={"title": "mine"})
    assert source(es, index, "1")["image"] == {**before, "error": error}
    assert waiting(es, index) == []
    set_hosts(es, service.url)
    arguments = [index, "--url", es_url, "--errors", "--state", str(tmp_path / "state")]
    result = CliRunner().invoke(reprocess, arguments)
    assert result.output == "2 of 2 written\n", result.output
    image = source(es, index, "1")["image"]
    assert image["embedder"] == "builtin-v1" and not {"error", "pending"} & image.keys()
    assert image["data"] == before["data"]


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({}, r"\[service_unavailable\]"),
        ({"ignore_failure": True}, "the pipeline ignores that its processor image fails"),
    ],
    ids=["plain", "ignored"],
)
def test_a_service_that_is_down_is_waited_for(
    es: Elasticsearch,
    index: str,
    service: Service,
    more: dict[str, Any],
    why: str,
    at_once: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    let_wait(es, index, "1", "2")
    usual = es.ingest.get_pipeline(id=index).body[index]["processors"]
    es.ingest.put_pipeline(id=index, processors=[{"image": {**LATER, "timeout": "2s", **more}}])
    working = enricher(es, index)
    monkeypatch.setattr(rests, "PAUSE", 0.0)
    monkeypatch.setattr(follow, "_PATIENCE", 0.0)
    set_hosts(es, f"http://127.0.0.1:{free_port()}")
    try:
        with pytest.raises(follow.GivenUp, match=why):
            follow.follow(working, threading.Event(), once=True)
    finally:
        set_hosts(es, service.url)
        es.ingest.put_pipeline(id=index, processors=usual)
    assert working.total.recorded == working.total.failed == 0
    assert "error" not in source(es, index)["image"]
    # How much waits is said from time to time. Searches see nothing of what is written now.
    es.indices.put_settings(index=index, settings={"index.refresh_interval": "-1"})
    monkeypatch.setattr(follow, "_TELL", -1.0)
    monkeypatch.setattr(working, "_size", 1)
    follow.follow(working, threading.Event(), once=True)
    assert waiting(es, index) == [] and working.total.enriched == 2
    assert isinstance(working.log, Heard)
    told = [facts["documents"] for event, facts in working.log.said if event == "backlog"]
    assert told[:1] == [2]
