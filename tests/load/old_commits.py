"""The whole path at an older commit and now, in turn: whether as many documents a second are stored as before.

    .venv/bin/python -m tests.load.old_commits [--commit ec06c24] [--documents 96] [--warm-ups 14] [--rounds 20]

The plugin and the service of that commit are taken from this repository's history, and the plugin is built
(rolling_upgrade.py). Two nodes of 9.5.3, each with a service and a pipeline of its own, get the same photographs of 2.2
megapixels in bulks of 24, one after the other. Prints the medians of documents a second, and of the processor time that
node and service took for a document. Ends with status 1 when the rounds' ratios have a median below 0.9.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from elasticsearch import Elasticsearch, helpers

from benchmarks.photographs import photographs
from benchmarks.processor_time import seconds
from embedded_node import EmbeddedNode, find_plugin_zip
from tests.helpers.pictures import b64
from tests.helpers.service import DEFAULT_OPERATIONS, PROGRAM, TOKEN, Service, running_service
from tests.load.rolling_upgrade import VERSION, taken

# What all commits know.
RECIPE = {"operations": DEFAULT_OPERATIONS, "properties": [{"colors": {}}, {"thumbnail": {}}]}
BULK, INDEX, LEAST = 24, "photographs", 0.9


class Way:
    """A node with its service. `rates` in documents a second, `milliseconds` of processor time a document."""

    def __init__(self, node: EmbeddedNode, service: Service) -> None:
        self.rates: list[float] = []
        self.milliseconds: list[float] = []
        self._node, self._service = node, service
        self._es = Elasticsearch(node.url, request_timeout=300, max_retries=0)
        self._es.ingest.put_pipeline(id="plain", processors=[{"image": RECIPE}])

    def _spent(self) -> float:
        return seconds([self._node.pid, *self._service.descendants()])

    def store(self, texts: list[str]) -> None:
        """Store all of them in an empty index."""
        self._es.indices.delete(index=INDEX, ignore_unavailable=True)
        self._es.indices.create(index=INDEX, mappings={"dynamic": False})
        documents = ({"_index": INDEX, "image": {"data": text}} for text in texts)
        before, start = self._spent(), time.perf_counter()
        helpers.bulk(self._es, documents, chunk_size=BULK, pipeline="plain")
        self.rates.append(len(texts) / (time.perf_counter() - start))
        self.milliseconds.append(1000 * (self._spent() - before) / len(texts))


def measured(before: Way, now: Way, texts: list[str], warm_ups: int, rounds: int) -> float:
    """The median of the rounds' ratios. Prints what both did."""
    for number in range(warm_ups + rounds):
        for way in (before, now) if number % 2 else (now, before):
            way.store(texts)
    for name, way in (("before", before), ("now", now)):
        way.rates, way.milliseconds = way.rates[-rounds:], way.milliseconds[-rounds:]
        rate, spent = statistics.median(way.rates), statistics.median(way.milliseconds)
        print(f"{name}: {rate:.1f} documents a second, {spent:.1f} ms of processor time a document", flush=True)
    return statistics.median(new / old for new, old in zip(now.rates, before.rates, strict=True))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--commit", default="ec06c24", help="the one to compare with")
    parser.add_argument("--documents", type=int, default=96)
    parser.add_argument("--warm-ups", type=int, default=14)
    parser.add_argument("--rounds", type=int, default=20)
    given = parser.parse_args()
    texts = [b64(data) for data in photographs(given.documents)]
    with tempfile.TemporaryDirectory() as temporary, ExitStack() as running:
        folder = Path(temporary)
        ways = []
        for name, (zip_file, program) in {
            "before": taken(given.commit, folder / "before"),
            "now": (find_plugin_zip(VERSION), PROGRAM),
        }.items():
            service = running.enter_context(running_service(folder / f"log-{name}", program, log_level="warning"))
            settings = {"ingest.image.hosts": service.url}
            node = EmbeddedNode(es_version=VERSION, plugin_zip=zip_file, token=TOKEN, heap="1g", settings=settings)
            ways.append(Way(running.enter_context(node), service))
        ratio = measured(ways[0], ways[1], texts, given.warm_ups, given.rounds)
    print(f"now {ratio:.2f} of {given.commit}, the median of {given.rounds} rounds")
    return 0 if ratio >= LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
