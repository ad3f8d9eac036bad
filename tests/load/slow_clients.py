"""A bulk beside clients that are slow or silent.

    python -m tests.load.slow_clients [--clients 2000] [--sources 1] [--connections 1000] [--header-timeout 10]
        [--documents 300] [--runs 3] [--who strangers]

A real node sends the pictures of bulks to a real service, in turn without and with the hostile clients, which open a new
connection whenever one is closed: silent ones, one byte, half a head, a body that never comes, and one byte a second.
With `--who token` they have the token: a body of 20 MB and one of 9 bytes that never come, and a connection that is kept.
They are spread over processes, each with an address of its own on loopback. With `--connections` above `--clients` the
service keeps all of them for `--header-timeout` seconds; below it closes the oldest for each new one.
Prints documents a second of both, and for health checks at the service's port and at IMAGE_HEALTH_PORT how many there
were, the longest that one took, and how many files the service had open, nearly all of which are connections.
All in one run: believe the ratios.
"""

from __future__ import annotations

import base64
import resource
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import repeat
from pathlib import Path

import click
import requests
from elasticsearch import Elasticsearch

from benchmarks.ingest import actions, send
from benchmarks.photographs import photographs
from embedded_node import EmbeddedNode, find_plugin_zip
from tests.helpers.nodes import bootstrap
from tests.helpers.ports import free_port
from tests.helpers.service import TOKEN, Service, running_service

_HEAD = b"POST /v1/process HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n"
_TOKEN = f"Host: x\r\nAuthorization: Bearer {TOKEN}\r\n".encode()
_POST = b"POST /v1/process HTTP/1.1\r\n" + _TOKEN
KINDS = {
    "strangers": (b"", b"G", _HEAD, _HEAD + b"\r\n{", b"drip"),
    "token": (
        _POST + b"Content-Length: 20000000\r\n\r\n{",
        _POST + b"Content-Length: 9\r\n\r\n{",
        b"GET /v1/limits HTTP/1.1\r\n" + _TOKEN + b"\r\n",
    ),
}


def attack(port: int, clients: int, source: int, who: str = "strangers") -> None:
    """Keep so many hostile connections open from one address, for as long as standard input is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, clients + 64), hard), hard))
    selector = selectors.DefaultSelector()
    dripping: set[socket.socket] = set()
    opened, next_drop = 0, 0.0

    def open_one() -> None:
        nonlocal opened
        try:
            client = socket.create_connection(("127.0.0.1", port), timeout=5, source_address=(f"127.0.0.{source}", 0))
            kind = KINDS[who][opened % len(KINDS[who])]
            client.sendall(_HEAD if kind == b"drip" else kind)
        except OSError:
            return
        opened += 1
        if kind == b"drip":
            dripping.add(client)
        client.setblocking(False)
        selector.register(client, selectors.EVENT_READ)

    selector.register(sys.stdin, selectors.EVENT_READ)
    while True:
        for _ in range(min(200, clients - len(selector.get_map()) + 1)):
            open_one()
        if time.monotonic() > next_drop:
            next_drop = time.monotonic() + 1
            for client in list(dripping):
                try:
                    client.send(b"X")
                except OSError:
                    dripping.discard(client)
        for key, _ in selector.select(1.0 if len(selector.get_map()) > clients else 0):
            if key.fileobj is sys.stdin:
                sys.stderr.write(f"{opened} connections were opened\n")
                return
            assert isinstance(key.fileobj, socket.socket)
            try:
                if key.fileobj.recv(4096):
                    continue
            except BlockingIOError:
                continue
            except OSError:
                pass
            selector.unregister(key.fileobj)
            dripping.discard(key.fileobj)
            key.fileobj.close()
        time.sleep(0.05)


def open_files(service: Service) -> int:
    """Of the web process; nearly all are connections."""
    return sum(1 for _ in Path(f"/proc/{service.web()}/fd").iterdir())


@contextmanager
def attacked(service: Service, clients: int, sources: int, who: str = "strangers") -> Iterator[None]:
    """Hostile clients, in processes of their own."""
    code = f"from tests.load.slow_clients import attack; attack({service.port}, {clients // sources}, %d, {who!r})"
    attackers = [
        subprocess.Popen([sys.executable, "-c", code % source], stdin=subprocess.PIPE)
        for source in range(2, 2 + sources)
    ]
    try:
        # Those of the kind that is refused at once are not open for long.
        enough = 0.8 * min(clients, int(service.settings.get("connections", 1000)))
        deadline = time.monotonic() + 60
        while open_files(service) < enough and time.monotonic() < deadline:
            time.sleep(0.5)
        yield
    finally:
        for attacker in attackers:
            assert attacker.stdin
            attacker.stdin.close()
        for attacker in attackers:
            attacker.wait(60)


class Probes:
    """Health checks at a port, one after the other; `longest` in seconds, `failed` those without an answer in ten.

    `files` are the fewest and the most that the web process had open meanwhile.
    """

    def __init__(self, service: Service, port: int) -> None:
        self.longest, self.failed, self._stop = 0.0, 0, threading.Event()
        self.files: list[int] = []
        self._service, self._url = service, f"http://127.0.0.1:{port}/healthz"
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.wait(0.2):
            self.files.append(open_files(self._service))
            start = time.perf_counter()
            try:
                assert requests.get(self._url, timeout=10).status_code == 200
            except requests.RequestException:
                self.failed += 1
            self.longest = max(self.longest, time.perf_counter() - start)

    def stop(self) -> str:
        self._stop.set()
        self._thread.join()
        checks = f"{len(self.files)} checks of {self._url}: {self.failed} failed, the longest took {self.longest:.2f} s"
        return f"{checks}; the web process had {min(self.files)} to {max(self.files)} files open"


@click.command()
@click.option("--clients", default=2000, show_default=True, help="Hostile connections at a time.")
@click.option("--sources", default=1, show_default=True, help="Processes that they come from.")
@click.option("--connections", default=1000, show_default=True, help="The service's IMAGE_CONNECTIONS.")
@click.option("--header-timeout", default=10, show_default=True, help="The service's IMAGE_HEADER_TIMEOUT.")
@click.option("--documents", default=300, show_default=True, help="Documents of each measurement.")
@click.option("--runs", default=3, show_default=True, help="Repetitions; the median counts.")
@click.option("--who", default="strangers", show_default=True, type=click.Choice(list(KINDS)), help="The clients.")
@click.option("--es-version", default=None, help="Elasticsearch version.")
def main(
    clients: int,
    sources: int,
    connections: int,
    header_timeout: int,
    documents: int,
    runs: int,
    who: str,
    es_version: str | None,
) -> None:
    """Print documents a second without and with the hostile clients."""
    version = EmbeddedNode(es_version=es_version).version
    image = {"data": base64.b64encode(photographs(1)[0]).decode()}
    rates: dict[str, list[float]] = {"alone": [], "attacked": []}
    health_port = free_port()
    limits = {"connections": str(connections), "header_timeout": str(header_timeout), "health_port": str(health_port)}
    with (
        tempfile.TemporaryDirectory() as folder,
        running_service(Path(folder) / "service.log", log_level="warning", **limits) as service,
        EmbeddedNode(es_version=version, plugin_zip=find_plugin_zip(version), token=TOKEN) as node,
        Elasticsearch(node.url, request_timeout=300) as es,
    ):
        bootstrap("--url", node.url, "--service-url", service.url)

        def rate() -> float:
            start = time.perf_counter()
            send(es, actions("images", repeat(image, documents)))
            return documents / (time.perf_counter() - start)

        rate()  # warms JVM, processes and caches
        for _ in range(runs):
            rates["alone"].append(rate())
            with attacked(service, clients, sources, who):
                probes = [Probes(service, port) for port in (service.port, health_port)]
                rates["attacked"].append(rate())
                print(*(probe.stop() for probe in probes), sep="\n")
    alone, beside = (statistics.median(rates[name]) for name in ("alone", "attacked"))
    print(f"{documents} documents a bulk run, Elasticsearch {version}, median of {runs}")
    print(
        f"alone: {alone:.1f} documents a second; beside {clients} hostile clients: {beside:.1f} ({beside / alone:.0%})"
    )


if __name__ == "__main__":
    main()
