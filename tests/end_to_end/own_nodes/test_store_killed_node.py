"""A node that is killed while pictures go into the store: what it acknowledged is there afterwards, with its picture."""

from __future__ import annotations

import os
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import ApiError, Elasticsearch, TransportError
from PIL import Image

from embedded_node import EmbeddedNode, find_plugin_zip
from processor_service.store.opening import open_store
from tests.end_to_end.store.stored import PIPELINE, Stored
from tests.helpers.nodes import HEAP, SMALL, set_hosts
from tests.helpers.pictures import b64, encoded
from tests.helpers.processes import wait_until
from tests.helpers.service import TOKEN, running_service
from tests.helpers.stores import FaultyStore, S3Server, ask, faulty_store, pass_on, refusing, relay, s3_server

INDEX = "images-killed"
WRITERS = 3


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[S3Server, FaultyStore]]:
    """A real server, and what stands before it."""
    with s3_server(tmp_path_factory.mktemp("s3")) as server, faulty_store(refusing) as proxy:
        yield server, proxy


@pytest.fixture(scope="module")
def stored(s3: tuple[S3Server, FaultyStore], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stored]:
    server, proxy = s3
    proxy.behaviour = lambda handler: pass_on(handler, server)
    url = "s3://pictures/killed"
    pictures = open_store(url, 20)
    with running_service(tmp_path_factory.mktemp("log") / "service.log", workers="2", store_url=url) as service:
        yield Stored(service, pictures, url)
    pictures.stop()


class Killed:
    """A node that can be killed and started again with what it had on its disk."""

    def __init__(self, es_version: str, data: Path) -> None:
        self._version, self._data = es_version, data
        self.start()

    def start(self) -> None:
        self._up = False
        self.node = EmbeddedNode(
            es_version=self._version,
            data=self._data,
            plugin_zip=find_plugin_zip(self._version),
            token=TOKEN,
            heap=HEAP,
            jvm_options=SMALL,
            quick_start=True,
        ).start()
        self.es = Elasticsearch(self.node.url, request_timeout=120, max_retries=0)
        self._up = True

    def runs(self) -> bool:
        return self._up and self.node.poll() is None

    def kill(self) -> None:
        os.kill(self.node.pid, signal.SIGKILL)

    def stop(self) -> None:
        self._up = False
        self.es.close()
        self.node.stop()

    def again(self) -> None:
        self.stop()
        self.start()


@pytest.fixture(scope="module")
def to_be_killed(es_version: str, stored: Stored) -> Iterator[Killed]:
    """A node whose pipeline uses the store."""
    with tempfile.TemporaryDirectory() as folder:
        # The node's own user has to get to it.
        Path(folder).chmod(0o755)
        one = Killed(es_version, Path(folder) / "node")
        try:
            set_hosts(one.es, stored.service.url)
            options = {"store": "external", "properties": [], "operations": ["auto_orient"]}
            one.es.ingest.put_pipeline(id=PIPELINE, processors=[{"image": options}])
            yield one
        finally:
            one.stop()


@pytest.fixture
def killed(to_be_killed: Killed) -> Killed:
    """That node with an empty index. A test that failed may have left it dead."""
    if not to_be_killed.runs():
        to_be_killed.again()
    es = to_be_killed.es
    es.indices.delete(index=INDEX, ignore_unavailable=True)
    es.indices.create(index=INDEX, settings={"default_pipeline": PIPELINE, "number_of_replicas": 0})
    return to_be_killed


def write_until_killed(es: Elasticsearch, first: str, acknowledged: list[str]) -> None:
    for number in range(500):
        id = f"{first}-{number}"
        data = encoded(Image.new("RGB", (40 + number, 30), (sum(map(ord, first)) % 256, 90, 30)), "PNG")
        try:
            es.index(index=INDEX, id=id, document={"image": {"data": b64(data)}})
        except (ApiError, TransportError):
            return
        acknowledged.append(id)


# After the store has a picture: before the service answers the node, and times in which the node indexes and answers.
@pytest.mark.parametrize("after", [None, 0.005, 0.05], ids=["before the answer", "after it", "later"])
def test_what_a_killed_node_acknowledged_is_there_with_its_picture(
    killed: Killed, stored: Stored, s3: tuple[S3Server, FaultyStore], after: float | None
) -> None:
    server, proxy = s3
    acknowledged: list[str] = []
    once = threading.Lock()

    def kill_after_a_put(handler: Any) -> None:
        due = handler.command == "PUT" and len(acknowledged) >= 2 * WRITERS and once.acquire(blocking=False)
        real = ask(handler, server)
        if due and after is None:
            killed.kill()
        relay(handler, real)
        if due and after is not None:
            time.sleep(after)
            killed.kill()

    proxy.behaviour = kill_after_a_put
    try:
        writers = [
            threading.Thread(target=write_until_killed, args=(killed.es, f"{after}-{name}", acknowledged))
            for name in range(WRITERS)
        ]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
    finally:
        proxy.behaviour = lambda handler: pass_on(handler, server)
    assert once.locked(), "no node was killed: the test shows nothing"
    wait_until(lambda: killed.node.poll() is not None)
    killed.again()
    es = killed.es
    es.cluster.health(index=INDEX, wait_for_status="yellow", timeout="100s")
    es.indices.refresh(index=INDEX)
    hits = {hit["_id"]: hit["_source"]["image"] for hit in es.search(index=INDEX, size=2000)["hits"]["hits"]}
    assert set(acknowledged) <= set(hits)
    # Also those that were stored, and of which the client never heard.
    assert all(stored.bytes_of(image) for image in hits.values())
    # Who sends again what was not acknowledged has it then.
    write_one = {"image": {"data": b64(encoded(Image.new("RGB", (9, 9), "teal"), "PNG"))}}
    es.index(index=INDEX, id="again", document=write_one)
    assert stored.bytes_of(es.get(index=INDEX, id="again")["_source"]["image"])
