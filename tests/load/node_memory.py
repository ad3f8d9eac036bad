"""Bulks whose results are many times larger than the requests, against a node with a small heap, with 20 clients beside.

    .venv/bin/python -m tests.load.node_memory enlarged|transparent [--heap 512m] [--es-version 9.5.3] [--documents 30]

`enlarged`: JPEGs of 490 kB that become PNGs of 15 MB. `transparent`: WebPs of a few kB with alpha that become PNGs.
Ends with status 1 when the node ended, an item had no status, or the bulk did not come to its end within `--rounds`.
"""

from __future__ import annotations

import io
import sys
import threading
import time
from collections import Counter
from typing import Any

import numpy as np
from elasticsearch import ApiError, Elasticsearch, TransportError, helpers
from PIL import Image

from tests.helpers.nodes import bootstrap
from tests.helpers.pictures import b64, encoded
from tests.load.real_parts import node_and_service, options

CLIENTS = 20
ENLARGE = [{"resize": {"width": 4600, "height": 3680, "enlarge": True}}, {"convert": {"format": "png"}}]


def noise(width: int, height: int) -> np.ndarray[Any, Any]:
    return np.random.default_rng(2).integers(0, 255, (height, width, 3), dtype=np.uint8)


def enlarged() -> dict[str, Any]:
    data = encoded(Image.fromarray(noise(1000, 800)), "JPEG", quality=60)
    return {"data": b64(data), "operations": ENLARGE}


def transparent() -> dict[str, Any]:
    """An honest picture: soft colours with a round hole."""
    y, x = np.mgrid[0:2048, 0:2048]
    soft = (127 + 60 * np.sin(x / 37) + 60 * np.cos(y / 53))[..., None]
    colors = (soft + np.random.default_rng(1).normal(0, 9, (2048, 2048, 3))).clip(0, 255).astype(np.uint8)
    alpha = np.where((x - 1024) ** 2 + (y - 1024) ** 2 < 900**2, 255, 0).astype(np.uint8)[..., None]
    buffer = io.BytesIO()
    Image.fromarray(np.concatenate([colors, alpha], 2)).save(buffer, "WEBP", quality=10)
    return {"data": b64(buffer.getvalue())}


class Beside(threading.Thread):
    """A client that stores small pictures one after the other, and counts what it gets."""

    def __init__(self, url: str, seen: Counter[str], stop: threading.Event, number: int) -> None:
        super().__init__(daemon=True)
        self.es, self.seen, self.stop, self.number = Elasticsearch(url, request_timeout=120), seen, stop, number
        self.document = {"image": {"data": b64(encoded(Image.fromarray(noise(300, 200)), "JPEG"))}}

    def run(self) -> None:
        while not self.stop.wait(0.5):
            try:
                self.es.index(index="images", id=f"beside-{self.number}", document=self.document)
                self.seen["stored"] += 1
            except ApiError as error:
                self.seen[str(error.status_code)] += 1
            except TransportError as error:
                self.seen[type(error).__name__] += 1


def store(es: Elasticsearch, documents: dict[str, dict[str, Any]], rounds: int) -> bool:
    """Send what got 429 again, as `helpers.bulk` with retries does; says each round."""
    left = list(documents)
    for number in range(1, rounds + 1):
        began, seen, again = time.monotonic(), Counter[str](), []
        actions = ({"_index": "images", "_id": key, "_source": documents[key]} for key in left)
        results = helpers.streaming_bulk(es, actions, raise_on_error=False, raise_on_exception=False, chunk_size=500)
        for key, (ok, item) in zip(left, results, strict=True):
            status = int(item["index"]["status"]) if isinstance(item["index"].get("status"), int) else 0
            seen[
                f"{status} {(item['index'].get('error') or {}).get('reason', '')[:60] if not ok and status else ''}"
            ] += 1
            if not ok:
                again.append(key)
        print(f"round {number}: {dict(seen)} in {time.monotonic() - began:.0f} s", flush=True)
        if any(key.startswith("0 ") for key in seen):
            return False
        left = again
        if not left:
            return True
        time.sleep(1)
    return False


def breaker(es: Elasticsearch) -> dict[str, Any]:
    (node,) = es.nodes.stats(metric="breaker,jvm").body["nodes"].values()
    return {**node["breakers"]["ingest_image"], "heap": node["jvm"]["mem"]["heap_used_in_bytes"]}


def main() -> int:
    parser = options(__doc__, heap="512m")
    parser.add_argument("job", choices=["enlarged", "transparent"])
    parser.add_argument("--documents", type=int)
    parser.add_argument("--rounds", type=int, default=60)
    given = parser.parse_args()
    image = enlarged() if given.job == "enlarged" else transparent()
    count = given.documents or (30 if given.job == "enlarged" else 450)
    with node_and_service(given.es_version, given.heap) as (node, service):
        bootstrap("--url", node.url, "--service-url", service.url)
        es = Elasticsearch(node.url, request_timeout=500, retry_on_timeout=False, max_retries=0)
        pipeline = es.ingest.get_pipeline(id="images").body["images"]
        pipeline["processors"][0]["image"]["document_operations"] = ["resize", "convert"]
        es.ingest.put_pipeline(id="images", processors=pipeline["processors"])
        size = len(image["data"])
        print(f"{count} documents of {size >> 10} kB, heap {given.heap}, Elasticsearch {given.es_version}")
        seen, stop = Counter[str](), threading.Event()
        beside = [Beside(node.url, seen, stop, number) for number in range(CLIENTS)]
        for client in beside:
            client.start()
        began = time.monotonic()
        try:
            stored = store(es, {f"{given.job}-{i}": {"image": image} for i in range(count)}, given.rounds)
        except TransportError as error:
            print(type(error).__name__)
            stored = False
        stop.set()
        for client in beside:
            client.join(130)
        alive = node.poll() is None
        print(f"{'stored' if stored else 'NOT stored'} in {time.monotonic() - began:.0f} s; beside: {dict(seen)}")
        if not alive:
            print(f"the node ended with {node.poll()}; its log ends:\n{node.log_tail(25)}")
            return 1
        one = es.get(index="images", id=f"{given.job}-0", source_includes=["image.bytes"]).body if stored else {}
        print("result:", one.get("_source"), "breaker:", breaker(es))
        return 0 if stored and breaker(es)["estimated_size_in_bytes"] == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
