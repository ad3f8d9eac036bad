"""Documents per second through the whole path, beside bare Pillow on the same cores and a client-side script that does the same.

    python -m benchmarks.ingest [--documents 300] [--runs 3]

All are taken in one run, one after the other, with as many processes as the machine has cores; believe the ratios, not the numbers.
- whole path: one client sends plain bulks, the node's pipeline calls the service, the node indexes
- indexing alone: the same documents with the picture already normalized, no pipeline
- bare Pillow: decode, fit 2048, JPEG q85, thumbnail, nothing else, from bytes in memory, no HTTP, no JSON
- client-side script: a process pool that does with our own code what the service does, and indexes the result without a pipeline
"""

from __future__ import annotations

import base64
import io
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import click
from elasticsearch import Elasticsearch, helpers
from PIL import Image
from rich.console import Console
from rich.table import Table

from embedded_node import EmbeddedNode, find_plugin_zip
from pipelines.resources import bundled
from processor_service.pipeline import process
from processor_service.settings import Settings
from processor_service.timing import Stopwatch
from processor_service.wire.request import Request
from processor_service.workers.worker_source import ENVIRONMENT
from tests.helpers.nodes import bootstrap
from tests.helpers.paths import PICTURES
from tests.helpers.service import TOKEN, running_service

CORES = len(os.sched_getaffinity(0))
PHOTO = (PICTURES / "exif-orientation" / "Landscape_6.jpg").read_bytes()
IMAGES = next(r for r in bundled() if r.name == "images" and "processors" in r.body).body["processors"][0]["image"]


def bare_pillow(data: bytes) -> int:
    image = Image.open(io.BytesIO(data))
    image.draft(None, (2048, 2048))
    image.load()
    image.thumbnail((2048, 2048), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=85)
    image.thumbnail((256, 256))
    image.save(buffer, "JPEG", quality=75)
    return buffer.tell()


def our_recipe(text: str) -> dict[str, Any]:
    body = {"data": text, "operations": IMAGES["operations"], "properties": IMAGES["properties"]}
    fields = process(Request.parse(body), Settings(), Stopwatch())
    return {key: value for key, value in fields.items() if value is not None}


def actions(index: str, n: int, image: Any) -> Iterator[dict[str, Any]]:
    return ({"_index": index, "_id": str(i), "title": f"picture {i}", "image": image} for i in range(n))


def send(es: Elasticsearch, documents: Iterator[dict[str, Any]]) -> None:
    for ok, item in helpers.parallel_bulk(es, documents, thread_count=2, max_chunk_bytes=8 * 1024**2, chunk_size=16):
        assert ok, item


def timed(job: Callable[[], Any], n: int) -> float:
    start = time.perf_counter()
    job()
    return n / (time.perf_counter() - start)


@click.command()
@click.option("--documents", default=300, show_default=True, help="Documents of each measurement.")
@click.option("--runs", default=3, show_default=True, help="Repetitions; the median counts.")
@click.option("--es-version", default=None, help="Elasticsearch version.")
def main(documents: int, runs: int, es_version: str | None) -> None:
    """Print documents per second and ratios."""
    n = documents
    # The script's processes are to have what the service's have.
    os.environ.update(ENVIRONMENT)
    text = base64.b64encode(PHOTO).decode()
    version = EmbeddedNode(es_version=es_version).version
    with (
        tempfile.TemporaryDirectory() as folder,
        running_service(Path(folder) / "service.log", log_level="warning") as service,
        EmbeddedNode(es_version=version, plugin_zip=find_plugin_zip(version), token=TOKEN) as node,
        Elasticsearch(node.url, request_timeout=120) as es,
        # Started anew, not forked: by then there are threads, whose locks a fork would keep for ever.
        ProcessPoolExecutor(CORES, get_context("spawn")) as pool,
    ):
        bootstrap("--url", node.url, "--service-url", service.url)
        stored = our_recipe(text)
        es.indices.create(index="plain", mappings=es.indices.simulate_template(name="images")["template"]["mappings"])
        measures: dict[str, Callable[[], Any]] = {
            "whole path": lambda: send(es, actions("images", n, {"data": text})),
            "indexing alone": lambda: send(es, actions("plain", n, stored)),
            "bare Pillow": lambda: list(pool.map(bare_pillow, [PHOTO] * n, chunksize=4)),
            "client-side script": lambda: send(
                es,
                (
                    {"_index": "plain", "_id": str(i), "title": f"picture {i}", "image": image}
                    for i, image in enumerate(pool.map(our_recipe, [text] * n, chunksize=4))
                ),
            ),
        }
        for job in measures.values():
            job()  # warms JVM, processes and caches
        rates = {name: statistics.median(timed(job, n) for _ in range(runs)) for name, job in measures.items()}
    table = Table(
        title=f"{n} photographs of 2.2 megapixels ({len(PHOTO) // 1024} kB), Elasticsearch {version}, {CORES} cores, median of {runs}"
    )
    for column in ("", "documents a second", "whole path is ... of it"):
        table.add_column(column, justify="right" if column else "left")
    for name, rate in rates.items():
        table.add_row(name, f"{rate:.1f}", f"{rates['whole path'] / rate:.2f}")
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
