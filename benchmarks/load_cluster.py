"""What `benchmarks.load` puts under load: a cluster with two nodes for documents, and two services with a worker each."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import requests
from elasticsearch import Elasticsearch

from benchmarks.processor_time import seconds
from embedded_node import EmbeddedNode, find_plugin_zip
from embedded_node.folder import throwaway_folder
from embedded_node.run_as import other_account
from tests.helpers.clusters import one_cluster
from tests.helpers.nodes import bootstrap
from tests.helpers.ports import free_port
from tests.helpers.service import TOKEN, Service, calls

WAIT = 300


class Cluster:
    """A master that holds no documents and is never stopped, two other nodes, two services."""

    def __init__(self, version: str, folder: Path, stack: ExitStack) -> None:
        self._stack = stack
        stack.enter_context(one_cluster("master"))
        self.master = self._node("master", version, "512m", roles="master")
        self.nodes = [self._node(name, version, "1g", roles="data,ingest") for name in ("one", "two")]
        for node in (self.master, *self.nodes):
            node.start()
            stack.callback(node.stop)
        # Each begins with another node when it reads the pictures that it renders.
        self.services = [
            Service(
                folder / f"service-{i}.log",
                workers="1",
                log_level="warning",
                render_indices="images*",
                elasticsearch_url=f"{node.url}, {other.url}",
            )
            for i, (node, other) in enumerate((self.nodes, self.nodes[::-1]))
        ]
        for service in self.services:
            stack.callback(service.stop)
        self.urls = [node.url for node in self.nodes]
        self._health()
        addresses = [argument for service in self.services for argument in ("--service-url", service.url)]
        bootstrap("--url", self.master.url, *addresses)

    def _node(self, name: str, version: str, heap: str, roles: str) -> EmbeddedNode:
        folder = throwaway_folder(other_account())
        self._stack.callback(shutil.rmtree, folder, ignore_errors=True)
        return EmbeddedNode(
            es_version=version,
            data=folder,
            http_port=free_port(),
            token=TOKEN,
            plugin_zip=find_plugin_zip(version),
            heap=heap,
            start_timeout=WAIT,
            settings={"node.name": name, "node.roles": roles},
        )

    def _health(self) -> None:
        with Elasticsearch(self.master.url, request_timeout=WAIT) as es:
            es.cluster.health(wait_for_nodes="3", wait_for_status="green", timeout=f"{WAIT - 10}s")

    def pictures(self) -> list[float]:
        """How many pictures each service has answered since it was started; 0 for one that is down."""
        counts = [0.0, 0.0]
        for i, service in enumerate(self.services):
            with suppress(requests.RequestException):
                counts[i] = calls(service)
        return counts

    def processor_seconds(self) -> tuple[float, float]:
        """Of the services and of the two nodes, until now."""
        of_services = [pid for service in self.services for pid in (service.process.pid, *service.descendants())]
        return seconds(of_services), seconds(node.pid for node in self.nodes if node.poll() is None)

    def kill_a_service(self) -> None:
        """As a crash does, and start it again after a while."""
        self.services[1].kill()
        time.sleep(10)
        self.services[1].start()

    def restart_services(self) -> None:
        """One after the other, in order."""
        for service in self.services:
            service.stop()
            service.start()

    def restart_a_node(self) -> None:
        """Stop one in order, and start it again after a while."""
        self.nodes[1].stop()
        time.sleep(10)
        self.nodes[1].start()
        self._health()

    def restart_nodes(self) -> None:
        """One after the other; the second when everything is there again."""
        for node in self.nodes:
            node.stop()
            node.start()
            self._health()

    @contextmanager
    def a_slow_service(self) -> Iterator[None]:
        """The second one's workers stand still half of the time."""
        over = threading.Event()
        workers = self.services[1].workers()

        def hold() -> None:
            while not over.wait(0.02):
                for sign, pause in ((signal.SIGSTOP, 0.02), (signal.SIGCONT, 0)):
                    for pid in workers:
                        with suppress(ProcessLookupError):
                            os.kill(pid, sign)
                    time.sleep(pause)

        holding = threading.Thread(target=hold)
        holding.start()
        try:
            yield
        finally:
            over.set()
            holding.join()
