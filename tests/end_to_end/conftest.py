"""A real node of each version, with the plugin, and a real service. Started when a test first asks for them."""

from __future__ import annotations

import tempfile
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
import requests
from elasticsearch import Elasticsearch

from embedded_node import EmbeddedNode, NodeError, find_plugin_zip
from embedded_node.choice import choose
from embedded_node.versions import versions
from tests.helpers.nodes import FORGETS_DELETED, HEAP, SMALL, bootstrap, set_hosts
from tests.helpers.processes import wait_until
from tests.helpers.service import PROGRAM, TOKEN, Service, running_service
from tests.inference_way.stock import StockProcessors, stock_processors


@pytest.fixture(scope="session", params=[version.number for version in versions()])
def es_version(request: pytest.FixtureRequest) -> str:
    """Every version that the plugin is built for, one after the other."""
    try:
        return choose(str(request.param)).version.number
    except NodeError as error:
        # A newcomer with an older JDK sees the rest pass.
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A processor service as users run it; tests that break things have `own_service`."""
    with running_service(tmp_path_factory.mktemp("service") / "service.log") as running:
        yield running


@pytest.fixture(scope="session")
def recognizing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with recognition and an embedder that knows words; the node has to be told to call it.

    Its recognizer may be stopped, hung and killed: there is another one a little later.
    """
    log = tmp_path_factory.mktemp("recognition") / "service.log"
    settings = {"workers": "1", "recognizers": "1", "embedder": "lite0", "picture_timeout": "20"}
    with running_service(log, **settings) as running:
        # Ten seconds of processor time, and minutes where ten others want the processor, too.
        wait_until(lambda: requests.get(f"{running.url}/readyz", timeout=60).json()["recognition"] == "ready", 240)
        yield running


@pytest.fixture(scope="session")
def stock() -> Iterator[StockProcessors]:
    """Elasticsearch's own processors without a node, for the inference way: a JVM that costs seconds to start."""
    with stock_processors() as running:
        yield running


@pytest.fixture(scope="session")
def service_url(service: Service) -> str:
    return service.url


@pytest.fixture(scope="session")
def node(es_version: str, service_url: str) -> Iterator[EmbeddedNode]:
    """A node with the plugin, where the bootstrap command installed our pipelines and the address of the service."""
    plugin = find_plugin_zip(es_version)
    options: dict[str, Any] = {
        "es_version": es_version,
        "plugin_zip": plugin,
        "token": TOKEN,
        "heap": HEAP,
        "jvm_options": SMALL,
        "quick_start": True,
    }
    # For snapshots; not in a folder of pytest, which is closed to the user that the node may have.
    with tempfile.TemporaryDirectory() as snapshots:
        Path(snapshots).chmod(0o777)
        with EmbeddedNode(**options, settings={"path.repo": snapshots, **FORGETS_DELETED}) as running:
            bootstrap("--url", running.url, "--service-url", service_url)
            yield running


@pytest.fixture(scope="session")
def es_url(node: EmbeddedNode) -> str:
    return node.url


@pytest.fixture(scope="session")
def es(es_url: str) -> Iterator[Elasticsearch]:
    """The official client that speaks to both lines."""
    with Elasticsearch(es_url, request_timeout=300) as client:
        yield client


@pytest.fixture
def index(es: Elasticsearch) -> Iterator[str]:
    """The name of an index of our template that no other test uses."""
    name = f"images-{uuid.uuid4().hex[:8]}"
    yield name
    es.indices.delete(index=name, ignore_unavailable=True)


@pytest.fixture(scope="module")
def index_of_module(es: Elasticsearch) -> Iterator[str]:
    """The same for all tests of a module, which look at nothing but the documents that they have just written.

    Making an index and deleting it takes the node a tenth of a second of processor time.
    """
    name = f"images-{uuid.uuid4().hex[:8]}"
    yield name
    es.indices.delete(index=name, ignore_unavailable=True)


@pytest.fixture
def start_service(es: Elasticsearch, service: Service, tmp_path: Path) -> Iterator[Callable[..., Service]]:
    """Starts a service of the test's own with some settings; the node calls it for the time of the test."""
    with ExitStack() as services:

        def start(**settings: str) -> Service:
            running = services.enter_context(running_service(tmp_path / "service.log", **settings))
            set_hosts(es, running.url)
            return running

        yield start
    set_hosts(es, service.url)


class Spare:
    """A service that one test after the other has for itself; it starts again when a test has left it in another state."""

    _SETTINGS: ClassVar = {"picture_timeout": "5"}

    def __init__(self, log: Path) -> None:
        self._log = log
        self._service: Service | None = None

    def running(self) -> Service:
        service = self._service
        if service and service.settings == self._SETTINGS and service.process.poll() is None and service.is_ready():
            return service
        self.stop()
        self._service = Service(self._log, PROGRAM, None, **self._SETTINGS)
        return self._service

    def stop(self) -> None:
        if self._service:
            self._service.stop()


@pytest.fixture(scope="session")
def spare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Spare]:
    service = Spare(tmp_path_factory.mktemp("spare") / "service.log")
    yield service
    service.stop()


@pytest.fixture
def own_service(spare: Spare, es: Elasticsearch, service: Service) -> Iterator[Service]:
    """A service of the test's own, to be stopped, hung and killed. It may have answered others before."""
    running = spare.running()
    set_hosts(es, running.url)
    yield running
    set_hosts(es, service.url)


@pytest.fixture
def refusing_url() -> Iterator[str]:
    """A service that refuses every token."""

    class Refuse(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            body = b'{"error": {"code": "unauthorized", "reason": "the token is wrong", "retryable": false}}'
            self.send_response(401)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Refuse)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()
