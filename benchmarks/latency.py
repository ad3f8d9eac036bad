"""How long one plain PUT of a photograph of 2.2 megapixels takes, alone and beside a bulk, and what its parts take.

    python -m benchmarks.latency [--documents 200]

The parts are means: of the node's statistics (`ingest`, `indexing`) and of the service's metrics. What is left of the
pipeline's time beside the service's is the way between them, signatures and checks; what is left of the PUT's is the
node's own reading and answering, and the client.
"""

from __future__ import annotations

import base64
import re
import statistics
import tempfile
import threading
import time
from itertools import cycle
from pathlib import Path
from typing import Any

import click
import requests
from elasticsearch import Elasticsearch
from rich.console import Console
from rich.table import Table

from benchmarks.ingest import actions, send
from benchmarks.photographs import photographs
from embedded_node import EmbeddedNode, find_plugin_zip
from tests.helpers.nodes import bootstrap
from tests.helpers.service import TOKEN, Service, running_service


class Parts:
    """Seconds and counts since the start, of the node and the service."""

    def __init__(self, es: Elasticsearch, service: Service) -> None:
        self._es, self._service = es, service
        self._before = self._now()

    def milliseconds(self) -> dict[str, float]:
        """Means of one document since this was made."""
        now = self._now()
        return {
            name: 1000 * (now[name][0] - spent) / max(1, now[name][1] - count)
            for name, (spent, count) in self._before.items()
        }

    def _now(self) -> dict[str, tuple[float, float]]:
        node = next(iter(self._es.nodes.stats(metric=["ingest", "indices"])["nodes"].values()))
        pipeline, indexing = node["ingest"]["pipelines"]["images"], node["indices"]["indexing"]
        headers = {"Authorization": f"Bearer {TOKEN}"}
        metrics = requests.get(f"{self._service.url}/metrics", headers=headers, timeout=10).text

        def metric(name: str) -> float:
            found = re.search(rf"^{name} (\S+)$", metrics, re.MULTILINE)
            return float(found[1]) if found else 0

        worked = sum(map(float, re.findall(r"^image_step_seconds_total\{.*\} (\S+)$", metrics, re.MULTILINE)))
        count = metric("image_picture_seconds_count")
        return {
            "pipeline": (pipeline["time_in_millis"] / 1000, pipeline["count"]),
            "service": (metric("image_picture_seconds_sum"), count),
            "worker": (worked, count),
            "indexing": (indexing["index_time_in_millis"] / 1000, indexing["index_total"]),
        }


def put(url: str, texts: list[str], n: int) -> list[float]:
    """Seconds of each of `n` requests, one after the other over one connection."""
    took = []
    with requests.Session() as session:
        for i, text in zip(range(n), cycle(texts), strict=False):
            body = {"title": f"picture {i}", "image": {"data": text}}
            start = time.perf_counter()
            session.put(f"{url}/images/_doc/put-{i}", json=body, timeout=120).raise_for_status()
            took.append(time.perf_counter() - start)
    return took


@click.command()
@click.option("--documents", default=200, show_default=True, help="PUT requests of each measurement.")
@click.option("--es-version", default=None, help="Elasticsearch version.")
def main(documents: int, es_version: str | None) -> None:
    """Print p50 and p99, and the parts."""
    texts = [base64.b64encode(data).decode() for data in photographs(documents)]
    version = EmbeddedNode(es_version=es_version).version
    with (
        tempfile.TemporaryDirectory() as folder,
        running_service(Path(folder) / "service.log", log_level="warning") as service,
        EmbeddedNode(es_version=version, plugin_zip=find_plugin_zip(version), token=TOKEN) as node,
        Elasticsearch(node.url, request_timeout=120) as es,
    ):
        bootstrap("--url", node.url, "--service-url", service.url)
        put(node.url, texts, documents)  # warms JVM, processes and caches
        rows: dict[str, tuple[list[float], dict[str, float]]] = {}
        parts = Parts(es, service)
        rows["alone"] = put(node.url, texts, documents), parts.milliseconds()
        stop = threading.Event()

        def bulks() -> None:
            while not stop.is_set():
                send(es, actions("images", ({"data": text} for text in texts)))

        beside = threading.Thread(target=bulks)
        beside.start()
        try:
            time.sleep(2)
            parts = Parts(es, service)
            rows["beside bulks"] = put(node.url, texts, documents), parts.milliseconds()
        finally:
            stop.set()
            beside.join()
    show(rows, documents, version)


def show(rows: dict[str, tuple[list[float], dict[str, Any]]], documents: int, version: str) -> None:
    table = Table(title=f"{documents} PUTs of photographs of 2.2 megapixels, milliseconds, Elasticsearch {version}")
    names = list(next(iter(rows.values()))[1])
    for column in ("", "p50", "p99", *names):
        table.add_column(column, justify="right" if column else "left")
    for name, (took, parts) in rows.items():
        cuts = statistics.quantiles(took, n=100)
        values = (1000 * cuts[49], 1000 * cuts[98], *parts.values())
        table.add_row(name, *(f"{value:.0f}" for value in values))
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
