"""Documents per second through the whole path, beside bare Pillow on the same cores and a client-side script that does the same.

    python -m benchmarks.ingest [--documents 300] [--runs 3]

All are taken in one run, one after the other, with as many processes as the machine has cores; believe the ratios, not
the numbers. The photographs have 2.2 megapixels; no two are the same. Each measurement has an empty index, as documents
that replace others make Elasticsearch merge.
- whole path: one client sends plain bulks, the node's pipeline calls the service, the node indexes
- with the store: the same with `"store": "external"` and a folder, which is empty at the start of each run
- without the picture: the same with `"store": "none"`
- indexing alone: the same documents with the picture already normalized, no pipeline
- bare Pillow: decode, fit 2048, JPEG q85, thumbnail, nothing else, from bytes in memory, no HTTP, no JSON
- client-side script: a process pool that does with our own code what the service does, and indexes the result without
  a pipeline

Then the milliseconds of processor time that each process took for a document. `compiling` is part of
the node's: a JVM that has just started still translates its code. How long one document takes:
`python -m benchmarks.latency`.
"""

from __future__ import annotations

import base64
import io
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import click
import orjson
from elasticsearch import Elasticsearch, helpers
from PIL import Image
from rich.console import Console
from rich.table import Table

from benchmarks.photographs import photographs
from benchmarks.processor_time import compiling, seconds
from embedded_node import EmbeddedNode, find_plugin_zip
from pipelines.resources import bundled
from processor_service.pipeline import process
from processor_service.settings import Settings
from processor_service.timing import Stopwatch
from processor_service.wire.request import Request
from processor_service.workers.worker_source import ENVIRONMENT
from tests.helpers.nodes import bootstrap
from tests.helpers.service import TOKEN, Service, running_service

CORES = len(os.sched_getaffinity(0))
INDEX = "photographs"
# Part of the node's time.
COMPILING = "compiling"
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


# Read once in each process, as the service does.
settings = cache(Settings)


def our_recipe(text: str) -> dict[str, Any]:
    body = {"data": text, "operations": IMAGES["operations"], "properties": IMAGES["properties"]}
    fields = process(Request.parse(body), settings(), Stopwatch())
    return {key: value for key, value in fields.items() if value is not None}


def emptied_index(es: Elasticsearch) -> None:
    """The index of the next measurement: no mapping has to change meanwhile, and no pipeline is chosen by its name."""
    template = es.indices.simulate_template(name="images")["template"]
    settings = template["settings"]["index"] | {"default_pipeline": "_none"}
    es.indices.delete(index=INDEX, ignore_unavailable=True)
    es.indices.create(index=INDEX, mappings=template["mappings"], settings=settings)


def actions(index: str, images: Iterator[Any], **options: Any) -> Iterator[dict[str, Any]]:
    for i, image in enumerate(images):
        yield {"_index": index, "_id": str(i), "title": f"picture {i}", "image": image, **options}


def send(es: Elasticsearch, documents: Iterator[dict[str, Any]], bulks: int = 2) -> None:
    """Send them in bulks, so many at a time."""
    sent = helpers.parallel_bulk(es, documents, thread_count=bulks, max_chunk_bytes=8 * 1024**2, chunk_size=16)
    for ok, item in sent:
        assert ok, item


def emptied(store: Path) -> None:
    """A store that has seen a picture does not write it again, and users' pictures are new ones."""
    shutil.rmtree(store / "sha256", ignore_errors=True)


class Processes:
    """Who works for a document: the groups whose processor time is reported."""

    def __init__(self, node: EmbeddedNode, service: Service, pool: ProcessPoolExecutor) -> None:
        self._node, self._service, self._pool = node, service, pool

    def seconds(self) -> dict[str, float]:
        """Processor time until now, in seconds."""
        workers = self._service.workers()
        web = [pid for pid in self._service.descendants() if pid not in workers]
        script = list(self._pool._processes)
        node = self._node.pid
        groups = {"workers": workers, "web process": web, "client": [os.getpid(), *script]}
        of_node = {"node": seconds([node]), COMPILING: compiling(node)}
        return of_node | {name: seconds(pids) for name, pids in groups.items()}


class Measure:
    """One way to do `n` documents; `rates` in documents a second, one for each run."""

    def __init__(self, job: Callable[[], Any], n: int, processes: Processes, before: Callable[[], None]) -> None:
        self._job, self._n, self._processes, self._before = job, n, processes, before
        self.rates: list[float] = []
        self._milliseconds: list[dict[str, float]] = []

    def run(self) -> None:
        """Do them once."""
        self._before()
        before, start = self._processes.seconds(), time.perf_counter()
        self._job()
        self.rates.append(self._n / (time.perf_counter() - start))
        after = self._processes.seconds()
        self._milliseconds.append({name: 1000 * (spent - before[name]) / self._n for name, spent in after.items()})

    def warm_up(self) -> None:
        """Do them once, for nothing."""
        self.run()
        self.rates.clear()
        self._milliseconds.clear()

    @property
    def rate(self) -> float:
        """The median."""
        return statistics.median(self.rates)

    @property
    def milliseconds(self) -> dict[str, float]:
        """Processor time of each group for a document, and of all of them; medians."""
        spent = {name: statistics.median(run[name] for run in self._milliseconds) for name in self._milliseconds[0]}
        return spent | {"sum": sum(each for name, each in spent.items() if name != COMPILING)}


@click.command()
@click.option("--documents", default=300, show_default=True, help="Documents of each measurement.")
@click.option("--runs", default=3, show_default=True, help="Repetitions; the median counts.")
@click.option(
    "--warm-ups", default=2, show_default=True, help="Repetitions before that, for JVM, processes and caches."
)
@click.option("--bulks", default=2, show_default=True, help="Bulks that a client sends at a time.")
@click.option("--es-version", default=None, help="Elasticsearch version.")
@click.option("--codec", default="default", show_default=True, help="As in ingest-image bootstrap, for all indices.")
def main(documents: int, runs: int, warm_ups: int, bulks: int, es_version: str | None, codec: str) -> None:
    """Print documents per second, ratios and processor time."""
    n = documents
    # The script's processes are to have what the service's have.
    os.environ.update(ENVIRONMENT)
    pictures = photographs(n)
    texts = [base64.b64encode(data).decode() for data in pictures]
    version = EmbeddedNode(es_version=es_version).version
    with (
        tempfile.TemporaryDirectory() as folder,
        tempfile.TemporaryDirectory() as store_folder,
        running_service(
            Path(folder) / "service.log", log_level="warning", store_url=Path(store_folder).as_uri()
        ) as service,
        EmbeddedNode(es_version=version, plugin_zip=find_plugin_zip(version), token=TOKEN) as node,
        Elasticsearch(node.url, request_timeout=120) as es,
        # Spawned, not forked: by then there are threads, whose locks a fork would keep forever.
        ProcessPoolExecutor(CORES, get_context("spawn")) as pool,
    ):
        bootstrap("--url", node.url, "--service-url", service.url, "--codec", codec)
        for store in ("external", "none"):
            es.ingest.put_pipeline(id=store, processors=[{"image": IMAGES | {"store": store}}])
        # What they were is kept as JSON: the objects would share their texts.
        stored = [orjson.dumps(our_recipe(text)) for text in texts]

        def with_data() -> Iterator[dict[str, str]]:
            return ({"data": text} for text in texts)

        def index(images: Iterator[Any], **options: Any) -> None:
            send(es, actions(INDEX, images, **options), bulks)

        def before() -> None:
            emptied_index(es)
            emptied(Path(store_folder))

        jobs: dict[str, Callable[[], Any]] = {
            "whole path": lambda: index(with_data(), pipeline="images"),
            "with the store": lambda: index(with_data(), pipeline="external"),
            "without the picture": lambda: index(with_data(), pipeline="none"),
            "indexing alone": lambda: index(map(orjson.loads, stored)),
            "bare Pillow": lambda: list(pool.map(bare_pillow, pictures, chunksize=4)),
            "client-side script": lambda: index(pool.map(our_recipe, texts, chunksize=4)),
        }
        processes = Processes(node, service, pool)
        measures = {name: Measure(job, n, processes, before) for name, job in jobs.items()}
        for _ in range(warm_ups):
            for measure in measures.values():
                measure.warm_up()
        for _ in range(runs):
            for measure in measures.values():
                measure.run()
    kilobytes = sum(map(len, pictures)) // len(pictures) // 1024
    table = Table(
        title=f"{n} photographs of 2.2 megapixels ({kilobytes} kB), Elasticsearch {version}, codec {codec}, {bulks} bulks at a time, {CORES} cores, median of {runs}"
    )
    groups = list(measures["whole path"].milliseconds)
    for column in ("", "docs a second", "whole path is ... of it", *(f"{name}, ms" for name in groups)):
        table.add_column(column, justify="right" if column else "left")
    for name, measure in measures.items():
        times = (f"{measure.milliseconds[group]:.1f}" for group in groups)
        table.add_row(name, f"{measure.rate:.1f}", f"{measures['whole path'].rate / measure.rate:.2f}", *times)
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
