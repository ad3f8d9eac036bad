"""How soon enrichers add what is pending at light load, and how often several of them do the same work.

    python -m tests.load.enrichers [ELASTICSEARCH VERSION]

Real parts on loopback: a node, a service, and `ingest-image enrich` as processes. Prints for one to three enrichers how
many pictures the service was asked for when 200 documents waited (200 is perfect), then for two of them, at two
documents a second, the seconds from the answer to the write until nothing of a document is pending; last the same with
text, plates, faces and labels as what is added later, at a document every two seconds.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from elasticsearch import Elasticsearch

from embedded_node import EmbeddedNode, find_plugin_zip
from tests.helpers.enrichers import LATER, PHOTO, let_wait, waiting
from tests.helpers.nodes import HEAP, bootstrap, source
from tests.helpers.pictures import b64, encoded, opened, picture
from tests.helpers.service import TOKEN, Service, calls, running_service

INDEX = "images-load"
BACKLOG, LIGHT, A_SECOND = 200, 60, 2
RECOGNIZED = ["text", "plates", "faces", "labels"]


@contextmanager
def enrichers(url: str, count: int) -> Iterator[None]:
    """That many processes, which have started."""
    command = [sys.executable, "-m", "ingest_image", "enrich", "--json", "--url", url]
    running = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(count)]
    for one in running:
        assert one.stderr
        one.stderr.readline()
    try:
        yield
    finally:
        for one in running:
            one.terminate()
        said = [json.loads(one.communicate()[1].splitlines()[-1]) for one in running]
        print(
            f"  enriched by each: {[line['documents'] for line in said]}; given up: {[line['changed'] for line in said]}"
        )


def share(es: Elasticsearch, url: str, service: Service, count: int) -> None:
    with enrichers(url, count):
        # When they have looked once.
        time.sleep(2)
        before, began = calls(service), time.monotonic()
        let_wait(es, INDEX, *map(str, range(BACKLOG)))
        while waiting(es, INDEX):
            time.sleep(0.2)
        made = calls(service) - before - BACKLOG
        print(f"{count} enrichers: {BACKLOG} documents, {made:.0f} calls, {time.monotonic() - began:.1f} s")


def light(es: Elasticsearch, url: str, index: str, photo: str, count: int, pause: float) -> None:
    """Writes a document every `pause` seconds."""
    took: list[float] = []
    begun: dict[str, float] = {}
    with enrichers(url, 2):
        time.sleep(2)
        for number in range(count):
            es.index(index=index, id=f"light {number}", document={"image": {"data": photo}})
            begun[f"light {number}"] = time.monotonic()
            until = time.monotonic() + pause
            while time.monotonic() < until or (number == count - 1 and begun):
                for id in [id for id in begun if "pending" not in source(es, index, id)["image"]]:
                    took.append(time.monotonic() - begun.pop(id))
                time.sleep(0.05)
    took.sort()
    p50, p95 = took[len(took) // 2], took[int(len(took) * 0.95)]
    print(f"light load on {index}, 2 enrichers: p50 {p50:.2f} s, p95 {p95:.2f} s, longest {took[-1]:.2f} s")


def main(version: str = "9.5.3") -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        running_service(Path(folder) / "service.log", recognizers="1") as service,
        EmbeddedNode(es_version=version, plugin_zip=find_plugin_zip(version), token=TOKEN, heap=HEAP) as node,
        Elasticsearch(node.url, request_timeout=60) as es,
    ):
        bootstrap("--url", node.url, "--service-url", service.url)
        recognized = {"properties": RECOGNIZED, "later": RECOGNIZED}
        for index, recipe in ((INDEX, LATER), (f"{INDEX}-recognized", recognized)):
            es.ingest.put_pipeline(id=index, processors=[{"image": recipe}])
            es.indices.create(index=index, settings={"index.default_pipeline": index})
        for count in (1, 2, 3):
            share(es, node.url, service, count)
        light(es, node.url, INDEX, PHOTO, LIGHT, 1 / A_SECOND)
        photo = b64(
            encoded(opened(picture("pdq/bridge-mods/aaa-orig.jpg")).convert("RGB").resize((1600, 1200)), "JPEG")
        )
        light(es, node.url, f"{INDEX}-recognized", photo, LIGHT // 2, 2)


if __name__ == "__main__":
    main(*sys.argv[1:])
