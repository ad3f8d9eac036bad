"""Bulks that something disturbs all the time: what was acknowledged is there, the rest can be sent again, nothing is held.

    .venv/bin/python -m tests.load.disturbed_bulks [settings pipelines clients services token node] [--es-version 9.5.3]

`settings`: the node's settings change every few milliseconds, to extreme and to wrong values. `pipelines`: the pipeline
is put, changed and deleted. `clients`: others hang up before the end of their bulk, and while theirs is processed.
`services`: two services are restarted in turn, by SIGTERM and by kill. `token`: it is rotated as docs/security.md says,
again and again. `node`: the node gets SIGTERM in the middle of a bulk, and is started again.
Real parts on loopback. Ends with status 1 when something was not as it should be; each part takes a minute or two.
"""

from __future__ import annotations

import argparse
import itertools
import json
import signal
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import requests
from elasticsearch import ApiError, Elasticsearch
from PIL import Image

from embedded_node import EmbeddedNode, find_plugin_zip
from tests.helpers.nodes import set_hosts
from tests.helpers.pictures import b64, encoded
from tests.helpers.processes import with_pid
from tests.helpers.service import TOKEN, Service, calls
from tests.load.node_memory import breaker

DOCUMENTS = 60
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


def bulk(parts: Parts, index: str, ids: list[int]) -> dict[int, str]:
    """The status of each item with its code; of all of them, when the request itself had none."""
    body = lines(index, ids)
    parts.up.wait()
    try:
        answer = requests.post(
            f"{parts.url}/_bulk?pipeline={PIPELINE}",
            data=body,
            headers={"Content-Type": "application/x-ndjson"},
            timeout=150,
        )
    except requests.RequestException:
        return dict.fromkeys(ids, "no answer")
    if not answer.ok:
        return dict.fromkeys(ids, f"{answer.status_code} {answer.json()['error']['reason'][:60]}")
    return {int(item["index"]["_id"]): outcome(item["index"]) for item in answer.json()["items"]}


def outcome(item: dict[str, Any]) -> str:
    reason = (item.get("error") or {}).get("reason", "")
    return f"{item['status']} {reason.partition(']')[0].lstrip('[')[:60]}".strip()


def works_until_stored(parts: Parts, index: str, disturb: Disturb, rounds: int, expected: set[str]) -> bool:
    """Bulks beside the disturbance, `rounds` of them; then without it until all is stored. Whether all is well."""
    over, good = threading.Event(), True
    disturbing = threading.Thread(target=disturb, args=(parts, over))
    left, acknowledged, seen = list(range(DOCUMENTS)), set[int](), Counter[str]()
    began = time.monotonic()
    disturbing.start()
    for number in itertools.count():
        if number == rounds:
            over.set()
            disturbing.join()
        # Also what is there already, so that there is work in each round.
        ids = left if number >= rounds else list(range(DOCUMENTS))
        outcomes = bulk(parts, index, ids)
        seen.update(outcomes.values())
        acknowledged |= {id for id, status in outcomes.items() if status in ("200", "201")}
        left = [id for id in range(DOCUMENTS) if id not in acknowledged]
        if number >= rounds and not left:
            break
        if number > rounds + 10:
            print("  NOT stored:", left)
            good = False
            break
    print(f"  {dict(seen)} in {time.monotonic() - began:.0f} s; disturbed: {dict(parts.seen)}")
    parts.seen.clear()
    strange = {status for status in seen if status not in {"200", "201"} | expected}
    parts.es.indices.refresh(index=index)
    hits = parts.es.search(index=index, size=1000, source_includes=["image.width", "image.mark"])["hits"]["hits"]
    stored = {int(hit["_id"]): hit["_source"]["image"] for hit in hits}
    missing = acknowledged - set(stored)
    half = [id for id, image in stored.items() if not (image.get("mark") and image.get("width") == 300)]
    held = nothing_held(parts.es)
    for what, wrong in (("status", strange), ("missing", missing), ("half done", half), ("held", held)):
        if wrong:
            print(f"  WRONG: {what}: {wrong}")
    return good and not (strange or missing or half or held)


def nothing_held(es: Elasticsearch, seconds: float = 70) -> int:
    """What the node's account still holds after at most that time, in bytes."""
    deadline = time.monotonic() + seconds
    while (held := int(breaker(es)["estimated_size_in_bytes"])) and time.monotonic() < deadline:
        time.sleep(0.2)
    return held


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
        parts.node.set_token(new, old)
        parts.es.nodes.reload_secure_settings()
        restart_all(parts, token=new, previous_token="")
        parts.node.set_token(new)
        parts.es.nodes.reload_secure_settings()
        parts.seen["rotated"] += 1
        old = new
    restart_all(parts, token=TOKEN, previous_token="")
    parts.node.set_token(TOKEN)
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


@contextmanager
def parts(version: str) -> Iterator[Parts]:
    with tempfile.TemporaryDirectory() as folder:
        # The node's own user has to get to it.
        Path(folder).chmod(0o755)
        running = Parts(Path(folder), version)
        try:
            running.start()
            yield running
        finally:
            running.stop()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("jobs", nargs="*", choices=[[], *JOBS], default=[])
    parser.add_argument("--es-version", default="9.5.3")
    given = parser.parse_args()
    good = True
    with parts(given.es_version) as running:
        for job in given.jobs or JOBS:
            print(f"{job}:", flush=True)
            disturb, rounds, expected = JOBS[job]
            held = works_until_stored(running, f"images-{job}", disturb, rounds, expected)
            good &= held
            print("  held" if held else "  did NOT hold", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
