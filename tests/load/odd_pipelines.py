"""Odd pipelines and crowds against a node with 256 MB of heap, and a service with one worker and a queue of 8.

    .venv/bin/python -m tests.load.odd_pipelines [bulks two last upsert failure deleted simulated silent]
        [--es-version 9.5.3] [--share 1]

`bulks`: 200 photographs of about 33 kB, and 60 of about 97 kB. `two`: two `image` processors with different targets, every
fifth picture bad. `last`: `default_pipeline` and `final_pipeline` with other recipes, and updates. `upsert`: a bulk of
updates with `doc_as_upsert`, also with 1 MB for results. `failure`: `on_failure` with a second `image` processor, with and
without the service. `deleted`: the index is deleted 20 times during a bulk. `simulated`: 8 simulations beside a bulk.
`silent`: 3,000 silent connections at the node. `--share 0.2` takes a fifth of all these numbers.
Prints the answers of each; ends with status 1 when they are not as expected, or the account of results is not at 0.
"""

from __future__ import annotations

import argparse
import json
import resource
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import requests
from elasticsearch import Elasticsearch
from PIL import Image

from embedded_node import EmbeddedNode, find_plugin_zip
from tests.helpers.nodes import set_hosts
from tests.helpers.pictures import b64, encoded
from tests.helpers.service import TOKEN, Service, running_service
from tests.load.disturbed_bulks import nothing_held, outcome
from tests.load.node_memory import breaker

BAD = b64(b"no picture at all")
Seen = Counter[str]


def jpeg(number: int, width: int = 240) -> str:
    picture = Image.effect_noise((width, width * 3 // 4), 60).convert("RGB")
    picture.putpixel((0, 0), (number % 256, 0, 0))
    return b64(encoded(picture, "JPEG", quality=90))


def recipe(width: int, **options: Any) -> dict[str, Any]:
    return {"image": {"operations": [{"resize": {"width": width}}], "properties": ["colors"], **options}}


class Cluster:
    """The node and its service; `count` of documents is what was asked for times the share."""

    def __init__(self, url: str, service: Service, share: float) -> None:
        self.url, self.service, self._share = url, service, share
        self.es = Elasticsearch(url, request_timeout=300, max_retries=0)

    def count(self, number: int) -> int:
        return max(5, round(number * self._share))

    def bulk(self, index: str, pictures: Iterable[str], action: str = "index", pipeline: str | None = None) -> Seen:
        lines = []
        for number, data in enumerate(pictures):
            document: dict[str, Any] = {"n": number, "image": {"data": data}}
            if action == "update":
                document = {"doc": document, "doc_as_upsert": True}
            lines += [{action: {"_index": index, "_id": str(number)}}, document]
        answer = requests.post(
            f"{self.url}/_bulk?refresh=true{f'&pipeline={pipeline}' if pipeline else ''}",
            data="".join(json.dumps(line) + "\n" for line in lines),
            headers={"Content-Type": "application/x-ndjson"},
            timeout=300,
        )
        assert answer.ok, answer.text[:300]
        return Counter(outcome(item[action]) for item in answer.json()["items"])

    def put(self, name: str, *processors: dict[str, Any]) -> str:
        self.es.ingest.put_pipeline(id=name, processors=list(processors))
        return name

    def images(self, index: str) -> list[dict[str, Any]]:
        """The documents of an index, with what was made of them."""
        hits = self.es.search(index=index, size=1000, source_excludes=["*.data"])["hits"]["hits"]
        return [hit["_source"] for hit in hits]


def bulks(cluster: Cluster) -> tuple[str, bool]:
    cluster.put("plain", recipe(150))
    small, large = cluster.count(200), cluster.count(60)
    one = cluster.bulk("small", (jpeg(i) for i in range(small)), pipeline="plain")
    other = cluster.bulk("large", (jpeg(i, 420) for i in range(large)), pipeline="plain")
    sizes = [len(jpeg(0, width)) * 3 // 4000 for width in (240, 420)]
    return f"{sizes} kB: {dict(one)}, {dict(other)}", (one, other) == ({"201": small}, {"201": large})


def two(cluster: Cluster) -> tuple[str, bool]:
    cluster.put(
        "two", recipe(150, target_field="first", on_invalid="record"), recipe(60, target_field="second", field="image")
    )
    pictures = cluster.count(20)
    seen = cluster.bulk("two", (jpeg(i) if i % 5 else BAD for i in range(pictures)), pipeline="two")
    stored = cluster.images("two")
    good = all((one["first"]["width"], one["second"]["width"]) == (150, 60) for one in stored)
    bad = len(range(0, pictures, 5))
    expected = {"201": pictures - bad, "400 not_an_image": bad}
    return f"{dict(seen)}, {len(stored)} stored with both", seen == expected and len(stored) == seen["201"] and good


def last(cluster: Cluster) -> tuple[str, bool]:
    cluster.put("first", recipe(150))
    cluster.put("final", recipe(90))
    settings = {"index.default_pipeline": "first", "index.final_pipeline": "final"}
    cluster.es.indices.create(index="last", settings=settings)
    pictures = cluster.count(20)
    seen = cluster.bulk("last", (jpeg(i) for i in range(pictures)))
    for number in range(pictures):
        cluster.es.update(index="last", id=str(number), doc={"title": "another"}, refresh=True)
    stored = cluster.images("last")
    widths = Counter(one["image"]["width"] for one in stored if one["title"] == "another" and one["image"]["mark"])
    return f"{dict(seen)}; after updates widths {dict(widths)}", (seen, widths) == ({"201": pictures}, {90: pictures})


def upsert(cluster: Cluster) -> tuple[str, bool]:
    pictures, said, good = cluster.count(20), [], True
    cluster.put("plain", recipe(150))
    cluster.es.indices.create(index="upsert", settings={"index.default_pipeline": "plain"})
    for limit in ("20%", "1mb"):
        cluster.es.cluster.put_settings(persistent={"breaker.ingest_image.limit": limit})
        seen = cluster.bulk("upsert", (jpeg(i + len(limit)) for i in range(pictures)), "update")
        widths = Counter(one["image"]["width"] for one in cluster.images("upsert") if one["image"]["mark"])
        said.append(f"{limit}: {dict(seen)}, widths {dict(widths)}")
        good &= set(seen) <= {"200", "201"} and widths == {150: pictures}
    cluster.es.cluster.put_settings(persistent={"breaker.ingest_image.limit": "20%"})
    return "; ".join(said), good


def failure(cluster: Cluster) -> tuple[str, bool]:
    second = recipe(60, on_invalid="record", timeout="5s")
    cluster.put("failing", recipe(150, on_failure=[second], timeout="5s"))
    pictures = cluster.count(20)
    seen = cluster.bulk("failing", [BAD] * pictures, pipeline="failing")
    codes = Counter(one["image"]["error"]["code"] for one in cluster.images("failing"))
    cluster.service.stop()
    without = cluster.bulk("without", (jpeg(i) for i in range(5)), pipeline="failing")
    cluster.service.start()
    good = (seen, codes, without) == ({"201": pictures}, {"not_an_image": pictures}, {"503 service_unavailable": 5})
    return f"{dict(seen)}, recorded {dict(codes)}; without a service {dict(without)}", good


def deleted(cluster: Cluster) -> tuple[str, bool]:
    cluster.put("plain", recipe(150))
    pictures, deletions = cluster.count(60), cluster.count(20)
    with ThreadPoolExecutor(1) as threads:
        future = threads.submit(cluster.bulk, "deleted", [jpeg(i) for i in range(pictures)], pipeline="plain")
        for _ in range(deletions):
            cluster.es.indices.delete(index="deleted", ignore_unavailable=True)
            time.sleep(0.1)
        seen = future.result()
    cluster.es.indices.delete(index="deleted", ignore_unavailable=True)
    again = cluster.bulk("deleted", (jpeg(i) for i in range(pictures)), pipeline="plain")
    return f"{deletions} deletions: {dict(seen)}; again {dict(again)}", seen == again == {"201": pictures}


def simulated(cluster: Cluster) -> tuple[str, bool]:
    cluster.put("plain", recipe(150))
    pictures = cluster.count(60)
    asked = [{"_source": {"image": {"data": jpeg(i)}}} for i in range(10)]
    with ThreadPoolExecutor(9) as threads:
        stored = threads.submit(cluster.bulk, "beside", [jpeg(i) for i in range(pictures)], pipeline="plain")
        answers = list(threads.map(lambda _: cluster.es.ingest.simulate(id="plain", docs=asked), range(8)))
        seen = stored.result()
    widths = Counter(doc["doc"]["_source"]["image"]["width"] for answer in answers for doc in answer["docs"])
    return f"simulated widths {dict(widths)}; {dict(seen)}", (widths, seen) == ({150: 80}, {"201": pictures})


def silent(cluster: Cluster) -> tuple[str, bool]:
    cluster.put("plain", recipe(150))
    pictures, connections = cluster.count(40), cluster.count(3000)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, connections + 256), hard), hard))
    host, port = cluster.url.removeprefix("http://").split(":")
    with ExitStack() as opened:
        for _ in range(connections):
            opened.enter_context(socket.create_connection((host, int(port)), timeout=20))
        seen = cluster.bulk("silent", (jpeg(i) for i in range(pictures)), pipeline="plain")
    return f"{connections} connections: {dict(seen)}", seen == {"201": pictures}


JOBS: dict[str, Callable[[Cluster], tuple[str, bool]]] = {
    job.__name__: job for job in (bulks, two, last, upsert, failure, deleted, simulated, silent)
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("jobs", nargs="*", choices=[[], *JOBS], default=[])
    parser.add_argument("--es-version", default="9.5.3")
    parser.add_argument("--share", type=float, default=1)
    given = parser.parse_args()
    version, all_good = given.es_version, True
    with (
        tempfile.TemporaryDirectory() as folder,
        running_service(Path(folder) / "service.log", workers="1", queue_size="8") as service,
        EmbeddedNode(
            es_version=version, plugin_zip=find_plugin_zip(version), token=TOKEN, heap="256m", quick_start=True
        ) as node,
    ):
        cluster = Cluster(node.url, service, given.share)
        set_hosts(cluster.es, service.url)
        for job in given.jobs or JOBS:
            started = time.monotonic()
            said, good = JOBS[job](cluster)
            held = nothing_held(cluster.es)
            all_good &= good and not held
            verdict = "held" if good and not held else f"did NOT hold; in the account: {held}"
            print(f"{job}: {said}; {time.monotonic() - started:.0f} s; {verdict}", flush=True)
        print("heap afterwards:", breaker(cluster.es)["heap"] // 1_000_000, "MB")
    return 0 if all_good else 1


if __name__ == "__main__":
    sys.exit(main())
