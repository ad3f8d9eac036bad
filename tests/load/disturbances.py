"""What disturbs the bulks of `disturbed_bulks`, and the node and services that it is done to."""

from __future__ import annotations

import itertools
import json
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from elasticsearch import ApiError, Elasticsearch
from PIL import Image

from embedded_node import EmbeddedNode, find_plugin_zip
from tests.helpers.nodes import set_hosts, set_token
from tests.helpers.pictures import b64, encoded
from tests.helpers.processes import with_pid
from tests.helpers.service import TOKEN, Service, calls

PIPELINE = "disturbed"
PROCESSORS: list[dict[str, Any]] = [{"image": {"operations": [{"resize": {"width": 300}}], "properties": ["colors"]}}]
Disturb = Callable[["Parts", threading.Event], None]


class Parts:
    """A node and two services, which disturbances stop and start."""

    def __init__(self, folder: Path, version: str) -> None:
        self.folder, self.version = folder, version
        self.seen = Counter[str]()
        # Not set while the node is started again.
        self.up = threading.Event()
        self.services: list[Service] = []

    def start(self) -> None:
        for i in (1, 2):
            self.services.append(Service(self.folder / f"service-{i}.log", workers="1"))
        self.start_node()
        set_hosts(self.es, *(service.url for service in self.services))
        self.put_pipeline()

    def start_node(self) -> None:
        self.node = EmbeddedNode(
            es_version=self.version,
            data=self.folder / "node",
            plugin_zip=find_plugin_zip(self.version),
            token=TOKEN,
            heap="512m",
            quick_start=True,
        ).start()
        self.url = self.node.url
        self.es = Elasticsearch(self.url, request_timeout=120, max_retries=0)
        self.up.set()

    def put_pipeline(self) -> None:
        self.es.ingest.put_pipeline(id=PIPELINE, processors=PROCESSORS)

    def stop(self) -> None:
        # A node that did not start has ended already.
        if self.up.is_set():
            self.node.stop()
        for service in self.services:
            with suppress(Exception):
                service.stop()


def lines(index: str, ids: list[int]) -> bytes:
    picture = Image.effect_noise((500, 400), 50)
    text = ""
    for id in ids:
        picture.putpixel((0, 0), id % 256)
        text += json.dumps({"index": {"_index": index, "_id": str(id)}}) + "\n"
        text += json.dumps({"n": id, "image": {"data": b64(encoded(picture, "JPEG"))}}) + "\n"
    return text.encode()


EXTREMES: dict[str, list[Any]] = {
    "ingest.image.timeout": ["100ms", "24d", "1nanos", "-1", "soon", None],
    "ingest.image.max_in_flight": [1, 1000, 0, 2**31, -5, None],
    "ingest.image.queue_size": [0, 1, 2**31 - 1, -1, None],
    "ingest.image.max_response_bytes": ["1b", "10kb", "2gb", "0b", "-1b", "9999999tb", None],
    "ingest.image.max_image_bytes": ["1b", "2gb", "0b", "-1b", None],
    "breaker.ingest_image.limit": ["0b", "1kb", "100%", "-1b", "20%"],
    "breaker.ingest_image.overhead": [0.0, 1000.0, -1.0, 1.0],
    "ingest.image.search_timeout": ["1ms", "24d", None],
    "ingest.image.url_hosts": [["*"], ["a" * 300], [], None],
}


def changing_settings(parts: Parts, over: threading.Event) -> None:
    real = [service.url for service in parts.services]
    hosts = [[], ["http://127.0.0.1:9", *real], ["http://127.0.0.1:9"], real[:1] * 50, ["ftp://x"], ["no address"]]
    hosts.append([f"http://127.0.0.{i}:9" for i in range(2, 102)] + real)
    values = {"ingest.image.hosts": hosts, **EXTREMES}
    changes = [{name: value} for name, those in values.items() for value in those]
    for change in itertools.cycle(changes):
        if over.is_set():
            break
        try:
            parts.es.cluster.put_settings(persistent=change)
            parts.seen["taken"] += 1
        except ApiError as error:
            parts.seen[str(error.status_code)] += 1
            if error.status_code != 400:
                print("  WRONG:", change, error)
        over.wait(0.02)
        with suppress(ApiError):
            parts.es.cluster.put_settings(persistent=dict.fromkeys(change))
        set_hosts(parts.es, *real)
    parts.es.cluster.put_settings(persistent=dict.fromkeys(EXTREMES))
    parts.es.cluster.put_settings(
        persistent={"breaker.ingest_image.limit": "20%", "breaker.ingest_image.overhead": 1.0}
    )


def changing_pipelines(parts: Parts, over: threading.Event) -> None:
    others = [[], PROCESSORS * 3, [{"image": {"operations": ["grayscale"], "if": "no script"}}], PROCESSORS]
    for processors in itertools.cycle(others):
        if over.wait(0.02):
            break
        try:
            parts.es.ingest.put_pipeline(id=f"{PIPELINE}-other", processors=processors)
            parts.es.ingest.put_pipeline(id=PIPELINE, processors=PROCESSORS)
            over.wait(0.02)
            parts.es.ingest.delete_pipeline(id=PIPELINE)
            parts.seen["deleted"] += 1
        except ApiError as error:
            parts.seen[str(error.status_code)] += 1
        parts.put_pipeline()
    parts.put_pipeline()


def clients_that_hang_up(parts: Parts, over: threading.Event) -> None:
    """A third of the body; all but its last byte; all of it, and gone at once, or in the middle of the work."""
    body = lines("images-left", list(range(40)))
    address = parts.url.removeprefix("http://")
    host, port = address.split(":")
    head = f"POST /_bulk?pipeline={PIPELINE} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/x-ndjson\r\n"
    chunked = [b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(body) + body]
    sized = b"Content-Length: %d\r\n\r\n" % len(body)
    kinds = [(sized + body[: len(body) // 3], 0.0), (sized + body[:-1], 0.0), (sized + body, 0.0), (sized + body, 0.3)]
    kinds += [(chunked[0], 0.1), (sized + body, 1.5)]
    for sent, pause in itertools.cycle(kinds):
        if over.wait(0.05):
            break
        with suppress(OSError), socket.create_connection((host, int(port)), timeout=20) as connection:
            connection.sendall(head.encode() + sent)
            over.wait(pause)
            # Gone with a reset, as when a machine is switched off.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            parts.seen["hung up"] += 1


def restarted_services(parts: Parts, over: threading.Event) -> None:
    for number in itertools.count():
        if over.wait(0.5):
            break
        service = parts.services[number % 2]
        if number % 4 < 2:
            service.stop()
            parts.seen["terminated"] += 1
        else:
            service.kill()
            parts.seen["killed"] += 1
        service.start()


def rotated_token(parts: Parts, over: threading.Event) -> None:
    """The steps of docs/security.md, for one token after the other."""
    old = TOKEN
    for number in itertools.count():
        if over.wait(0.2):
            break
        new = f"token-{number}"
        restart_all(parts, token=old, previous_token=new)
        set_token(parts.node, new, old)
        parts.es.nodes.reload_secure_settings()
        restart_all(parts, token=new, previous_token="")
        set_token(parts.node, new)
        parts.es.nodes.reload_secure_settings()
        parts.seen["rotated"] += 1
        old = new
    restart_all(parts, token=TOKEN, previous_token="")
    set_token(parts.node, TOKEN)
    parts.es.nodes.reload_secure_settings()


def restart_all(parts: Parts, **settings: str) -> None:
    for service in parts.services:
        service.stop()
        service.settings |= settings
        service.start()


def terminated_node(parts: Parts, over: threading.Event) -> None:
    for pictures in (3, 10, 30):
        before = processed(parts)
        while processed(parts) < before + pictures and not over.wait(0.01):
            pass
        if over.is_set():
            break
        parts.up.clear()
        with_pid(parts.node.pid, signal.SIGTERM)
        began = time.monotonic()
        while parts.node.poll() is None and time.monotonic() - began < 60:
            time.sleep(0.05)
        parts.seen[f"ended with {parts.node.poll()} after {time.monotonic() - began:.0f} s"] += 1
        parts.node.stop()
        parts.start_node()


def processed(parts: Parts) -> float:
    return sum(calls(service) for service in parts.services)


# Bulks whose clients have hung up are worked off all the same, and count in Elasticsearch's own account.
PRESSURE = "429 rejected execution of coordinating operation [coordinating_a"
BUSY = {"429 busy", "429 queue_full", "429 results_memory_full"}
DOWN = {"503 service_unavailable", "503 service_timeout", "503 shutting_down"}
JOBS: dict[str, tuple[Disturb, int, set[str]]] = {
    "settings": (changing_settings, 8, BUSY | DOWN | {"400 result_too_large", "400 image_too_large"}),
    "pipelines": (changing_pipelines, 15, {f"400 pipeline with id [{PIPELINE}"}),
    "clients": (clients_that_hang_up, 8, BUSY | {PRESSURE}),
    "services": (restarted_services, 8, BUSY | DOWN),
    "token": (rotated_token, 8, BUSY | DOWN),
    "node": (terminated_node, 4, BUSY | {"503 node_closing", "no answer"}),
}
