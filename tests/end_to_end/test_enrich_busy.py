"""A service whose workers are all busy answers 429: enrichers wait for it, and blame no picture."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import requests
from elasticsearch import Elasticsearch

from ingest_image.enrich.follow import follow
from tests.helpers.enrichers import LATER, Heard, enricher, index_with_later, let_wait, waiting
from tests.helpers.nodes import source
from tests.helpers.pictures import picture
from tests.helpers.processes import wait_until, with_pid
from tests.helpers.service import Service

IDS = ["1", "2", "3"]


@pytest.fixture(autouse=True)
def later(es: Elasticsearch, index: str) -> Iterator[None]:
    with index_with_later(es, index):
        yield


@contextmanager
def busy(service: Service) -> Iterator[None]:
    """The service's only worker stands still, and as many wait for it as may: whoever comes now gets 429."""
    (worker,) = service.workers()
    data = picture("pillow/hopper.jpg")
    with ThreadPoolExecutor(4) as threads:
        with_pid(worker, signal.SIGSTOP)
        try:
            asked: list[Future[requests.Response]] = [
                threads.submit(service.process_picture, data, 240, properties=["statistics"]) for _ in range(4)
            ]
            # One at work, one in the line.
            wait_until(lambda: [one.result().status_code for one in asked if one.done()] == [429, 429])
            yield
        finally:
            with_pid(worker, signal.SIGCONT)
    assert sorted(one.result().status_code for one in asked) == [200, 200, 429, 429]


def test_a_busy_service_is_waited_for(es: Elasticsearch, index: str, start_service: Callable[..., Service]) -> None:
    let_wait(es, index, *IDS)
    usual = es.ingest.get_pipeline(id=index).body[index]["processors"]
    service = start_service(workers="1", queue_size="1", picture_timeout="240")
    working, stop = enricher(es, index), threading.Event()
    assert isinstance(working.log, Heard)
    heard = working.log.said

    def waits() -> list[str]:
        return [facts["reason"] for event, facts in heard if event == "waiting"]

    es.ingest.put_pipeline(id=index, processors=[{"image": {**LATER, "timeout": "3s"}}])
    thread = threading.Thread(target=follow, args=(working, stop))
    try:
        with busy(service):
            thread.start()
            wait_until(lambda: len(waits()) >= 2 and any("busy" in reason for reason in waits()))
            assert waiting(es, index) == IDS
            es.ingest.put_pipeline(id=index, processors=usual)
        wait_until(lambda: working.total.enriched == len(IDS))
    finally:
        stop.set()
        if thread.is_alive():
            thread.join()
    assert waiting(es, index) == []
    assert (working.total.failed, working.total.recorded) == (0, 0)
    for id in IDS:
        image = source(es, index, id)["image"]
        assert image["embedder"] == "builtin-v1" and "error" not in image
