"""Faults of a store that speaks S3, on real nodes: a proxy before a real server fails, or holds its answers."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from elasticsearch import ApiError, BadRequestError, Elasticsearch

from ingest_image.store.command import store
from tests.helpers.pictures import b64, picture
from tests.helpers.stores import (
    FaultyStore,
    S3Server,
    answer,
    ask,
    bucket_missing,
    faulty_store,
    full,
    pass_on,
    refusing,
    relay,
    s3_server,
)

from .stored import Stored, image_of, put_pipeline, stored_index, stored_service

SMALL = picture("pillow/hopper.jpg")
TURN = [{"rotate": {"degrees": 90}}]
TIMEOUT = 8
# Seconds within which even a busy machine is done.
GUARD = 300


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with s3_server(tmp_path_factory.mktemp("s3")) as running:
        yield running


class Proxy:
    """Passes on to the real server what `fault` does not answer; it says whether it did."""

    def __init__(self, store: FaultyStore, server: S3Server) -> None:
        self.store, self.server = store, server
        self.fault: Callable[[Any], bool] | None = None
        store.behaviour = self._answer

    def fail(self, method: str, behaviour: Callable[[Any], None]) -> None:
        """Answer requests of a method with a behaviour of tests/helpers/stores.py."""

        def fault(handler: Any) -> bool:
            if handler.command == method:
                behaviour(handler)
            return bool(handler.command == method)

        self.fault = fault

    def _answer(self, handler: Any) -> None:
        if not (self.fault and self.fault(handler)):
            pass_on(handler, self.server)


@pytest.fixture
def proxy(server: S3Server) -> Iterator[Proxy]:
    with faulty_store(refusing) as store:
        yield Proxy(store, server)


@pytest.fixture
def own(
    es: Elasticsearch, service_url: str, proxy: Proxy, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Stored]:
    """A service that reaches the store through the proxy."""
    url, seconds = f"s3://pictures/{tmp_path.name}", getattr(request, "param", "3")
    with stored_service(es, service_url, tmp_path, url, workers="2", store_timeout=seconds) as running:
        yield running


# Where the store's answer is held until something else has happened.
patient = pytest.mark.parametrize("own", ["100"], ids=["patient"], indirect=True)


@pytest.fixture
def own_index(es: Elasticsearch, own: Stored) -> Iterator[str]:
    seconds = max(TIMEOUT, int(own.service.settings["store_timeout"]))
    put_pipeline(es, properties=[], timeout=f"{seconds}s", operations=["auto_orient"])
    with stored_index(es) as name:
        es.indices.create(index=name)
        yield name


def put(es: Elasticsearch, index: str, id: str = "1", data: bytes = SMALL) -> None:
    # The client itself would send it again.
    es.options(max_retries=0).index(index=index, id=id, document={"image": {"data": b64(data)}})


def cut_off(handler: Any) -> None:
    """The beginning of an answer, and no more."""
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    handler.wfile.write(b"x" * 100)
    handler.close_connection = True


def no_s3(handler: Any) -> None:
    answer(handler, 400, b"<html>something else at this address</html>")


def test_a_store_with_a_fault_stores_nothing_and_works_again(
    es: Elasticsearch, own: Stored, own_index: str, proxy: Proxy
) -> None:
    # What is said about each: tests/processor_service/store. The node tries again, and may only say that it waited.
    for behaviour in (full, refusing, bucket_missing, no_s3):
        proxy.fail("PUT", behaviour)
        proxy.store.requests.clear()
        with pytest.raises(ApiError) as refusal:
            put(es, own_index)
        assert refusal.value.meta.status == 503, refusal.value.body
        assert any(request.startswith("PUT") for request in proxy.store.requests)
        assert not es.exists(index=own_index, id="1") and own.keys() == []
    proxy.fault = None
    put(es, own_index)
    assert own.bytes_of(image_of(es, own_index))


def test_how_long_a_document_waits_for_a_store_that_hangs_is_for_its_pipeline_to_say(
    es: Elasticsearch, own: Stored, own_index: str, proxy: Proxy
) -> None:
    """By relation, as a busy machine adds to both; what they could take instead are the minute of other pipelines."""
    proxy.fail("PUT", proxy.store.hang)
    took = []
    for seconds in (4, 12):
        put_pipeline(es, properties=[], timeout=f"{seconds}s", operations=["auto_orient"])
        start = time.monotonic()
        with pytest.raises(ApiError) as refusal:
            put(es, own_index)
        took.append(time.monotonic() - start)
        assert refusal.value.meta.status == 503, refusal.value.body
    assert took[1] - took[0] > 4, took
    assert max(took) < GUARD and not es.exists(index=own_index, id="1")


def test_what_a_store_with_a_fault_answers_is_not_believed(
    es: Elasticsearch, own: Stored, own_index: str, proxy: Proxy
) -> None:
    put(es, own_index)
    before = image_of(es, own_index)
    other = SMALL[:-1] + b"!"
    faults: list[tuple[Callable[[Any], None], str]] = [
        (lambda handler: answer(handler, 200, other), "stored_picture_damaged"),
        (lambda handler: answer(handler, 200, b""), "stored_picture_damaged"),
        (cut_off, "store_unavailable"),
        (refusing, "store_unavailable"),
        (bucket_missing, "store_unavailable"),
        (proxy.store.hang, "store_unavailable"),
    ]
    for behaviour, code in faults:
        proxy.fail("GET", behaviour)
        with pytest.raises(ApiError) as refusal:
            es.options(max_retries=0).update(index=own_index, id="1", doc={"image": {"operations": TURN}})
            pytest.fail(f"{behaviour} was believed: {image_of(es, own_index)}; requests: {proxy.store.requests[-5:]}")
        said = str(refusal.value.body)
        # Of what it tries again, a node on a busy machine may only say that it waited.
        assert code in said or (code == "store_unavailable" and "service_timeout" in said), (code, said)
        assert isinstance(refusal.value, BadRequestError) == (code == "stored_picture_damaged")
        assert image_of(es, own_index) == before
    proxy.fault = None
    es.update(index=own_index, id="1", doc={"image": {"operations": TURN}})
    assert own.bytes_of(image_of(es, own_index)) != own.bytes_of(before)


def test_a_service_that_is_killed_between_the_store_and_its_answer(
    es: Elasticsearch, own: Stored, own_index: str, proxy: Proxy
) -> None:
    """The store has the picture, and neither the service nor the node hears of it."""
    written, killed = threading.Event(), threading.Event()

    def hold(handler: Any) -> bool:
        if handler.command == "PUT":
            assert ask(handler, proxy.server).status_code == 200
            written.set()
            killed.wait(60)
            handler.close_connection = True
            return True
        return False

    proxy.fault = hold
    answers: list[int] = []

    def write() -> None:
        try:
            put(es, own_index)
            answers.append(201)
        except ApiError as error:
            answers.append(error.meta.status)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert written.wait(60)
        own.service.kill()
    finally:
        killed.set()
        writer.join()
    assert answers == [503] and not es.exists(index=own_index, id="1")
    proxy.fault = None
    orphan = own.keys()
    assert len(orphan) == 1
    own.service.start()
    put(es, own_index)
    assert [image_of(es, own_index)["stored"]] == own.keys() == orphan
    assert own.bytes_of(image_of(es, own_index))


@patient
def test_two_writers_whose_pictures_arrive_at_the_same_time(
    es: Elasticsearch, own: Stored, own_index: str, proxy: Proxy
) -> None:
    both = threading.Barrier(2, timeout=60)

    def meet(handler: Any) -> bool:
        if handler.command == "PUT" and len([one for one in proxy.store.requests if one.startswith("PUT")]) <= 2:
            both.wait()
        return False

    proxy.fault = meet
    failed: list[Exception] = []

    def write(id: str) -> None:
        try:
            put(es, own_index, id)
        except Exception as error:
            failed.append(error)

    writers = [threading.Thread(target=write, args=(id,)) for id in ("1", "2")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert not failed
    assert own.keys() == [image_of(es, own_index)["stored"]] == [image_of(es, own_index, "2")["stored"]]
    assert own.bytes_of(image_of(es, own_index))


@patient
def test_a_picture_that_is_put_away_while_a_document_that_names_it_is_on_its_way(
    es: Elasticsearch, es_url: str, own: Stored, own_index: str, proxy: Proxy
) -> None:
    """The service has found the picture and relies on it, and clean has found nobody who names it."""
    put(es, own_index)
    image = image_of(es, own_index)
    es.delete(index=own_index, id="1")
    compared, cleaned = threading.Event(), threading.Event()

    def hold(handler: Any) -> bool:
        if handler.command != "GET" or image["sha256"] not in handler.path or compared.is_set():
            return False
        real = ask(handler, proxy.server)
        compared.set()
        cleaned.wait(60)
        relay(handler, real)
        return True

    def clean() -> dict[str, Any]:
        arguments = ["clean", own_index, "--url", es_url, "--grace", "0s", "--delete", "--json"]
        result = CliRunner().invoke(store, arguments, env={"IMAGE_STORE_URL": own.url})
        assert result.exit_code == 0, result.output
        return dict(json.loads(result.stdout))

    proxy.fault = hold
    writer = threading.Thread(target=put, args=(es, own_index))
    writer.start()
    try:
        assert compared.wait(60)
        assert clean()["put_away"] == [image["stored"]]
    finally:
        cleaned.set()
        writer.join()
    assert own.bytes_of(image_of(es, own_index))
    es.indices.refresh(index=own_index)
    clean()
    assert own.bytes_of(image_of(es, own_index)) and own.keys() == [image["stored"]]
