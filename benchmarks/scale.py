"""How search by likeness and by hash grows: latency, recall and disk at 10,000, 30,000 and 100,000 pictures.

    python -m benchmarks.scale [--counts 10000,30000,100000] [--queries 200] [--shards 1]

Synthetic documents, vectors and hashes only, without the pictures; one node, one client, one query at a time, as `ingest-image search`
makes it. Hashes are asked for with up to 31 bits changed, once with all compared and once looked up by their bands, in turn. Index bytes
are those of all files of the index after a merge into one segment a shard, which vectors and hashes share with nothing but ids.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import click
import numpy as np
from elasticsearch import Elasticsearch, helpers
from rich.console import Console
from rich.table import Table

from benchmarks.processor_time import seconds
from embedded_node import EmbeddedNode, find_plugin_zip
from ingest_image.search import Sample
from ingest_image.search.hashes import RELATED, SAME_PICTURE
from ingest_image.search.queries import WINDOW, hash_knn
from processor_service.embedders.builtin import Builtin
from processor_service.hash_bands import bands
from processor_service.wire.fields import mapping
from tests.helpers.service import TOKEN

FIELDS = ("embedding", "embedder", "perceptual_hash", "perceptual_hashes")
# Pictures come in groups that look alike; vectors without any structure would be harder to search than those of pictures.
GROUPS = 2_000
# Queries that only warm caches.
WARM = 20


class Pictures:
    """Random vectors and hashes of as many pictures as one asks for; they are kept, to know what queries should find."""

    def __init__(self, dims: int) -> None:
        self.random = np.random.default_rng(1)
        self.groups = self.random.normal(0, 1, (GROUPS, dims)).astype(np.float32)
        self.vectors = np.empty((0, dims), np.float32)
        self.hashes: list[str] = []

    def embeddings(self, count: int) -> Any:
        dims = self.groups.shape[1]
        vectors = self.groups[self.random.integers(GROUPS, size=count)] + self.random.normal(0, 0.5, (count, dims))
        return np.round(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), 5).astype(np.float32)

    def grow(self, count: int) -> None:
        new = count - len(self.hashes)
        parts = [self.embeddings(min(10_000, new - start)) for start in range(0, new, 10_000)]
        self.vectors = np.concatenate([self.vectors, *parts])
        self.hashes += [self.random.bytes(32).hex() for _ in range(new)]

    def documents(self, index: str, start: int) -> Iterator[dict[str, Any]]:
        for i in range(start, len(self.hashes)):
            value, vector = self.hashes[i], np.round(self.vectors[i].astype(np.float64), 5).tolist()
            hashes = {"algorithm": "pdq", "hex": value, "bits": value, "bands": bands(value)}
            image = {
                "embedding": vector,
                "embedder": "builtin-v1",
                "perceptual_hash": value,
                "perceptual_hashes": hashes,
            }
            yield {"_index": index, "_id": str(i), "image": image}

    def changed_hash(self) -> tuple[str, set[str]]:
        """A stored hash in which up to 31 bits are changed, and the picture that has it."""
        id = int(self.random.integers(len(self.hashes)))
        bits = self.random.choice(256, int(self.random.integers(SAME_PICTURE + 1)), replace=False)
        return f"{int(self.hashes[id], 16) ^ sum(1 << int(bit) for bit in bits):064x}", {str(id)}

    def vector(self) -> tuple[list[float], set[str]]:
        """A vector, and the ten pictures that are most like it."""
        vector = self.embeddings(1)[0]
        return vector.tolist(), {str(id) for id in np.argpartition(-(self.vectors @ vector), 10)[:10]}


@dataclass
class Answers:
    """Of one kind of query: milliseconds from request to answer and of the node's processors, and what was found."""

    node: int
    spent: list[float] = field(default_factory=list)
    computed: list[float] = field(default_factory=list)
    found: int = 0
    right: int = 0

    def ask(self, es: Elasticsearch, index: str, body: dict[str, Any], right: set[str]) -> None:
        computed, start = seconds([self.node]), time.perf_counter()
        hits = es.search(index=index, source=False, **body)["hits"]["hits"]
        self.spent.append(1000 * (time.perf_counter() - start))
        self.computed.append(1000 * (seconds([self.node]) - computed))
        self.found += len(right & {hit["_id"] for hit in hits})
        self.right += len(right)

    def cells(self) -> list[str]:
        p50, p95 = np.percentile(self.spent[WARM:], (50, 95))
        # The kernel counts in hundredths of a second, so only the mean of many queries says something.
        computed = np.mean(self.computed[WARM:])
        return [f"{p50:.1f}", f"{p95:.1f}", f"{computed:.1f}", f"{self.found / self.right:.3f}"]


def measured(es: Elasticsearch, index: str, pictures: Pictures, queries: int, node: int) -> list[str]:
    likeness, all_compared, by_bands = (Answers(node) for _ in range(3))
    for _ in range(queries + WARM):
        vector, right = pictures.vector()
        knn = {"field": "image.embedding", "k": 10, "num_candidates": 100, "query_vector": vector}
        likeness.ask(es, index, {"knn": knn, "size": 10}, right)
    for _ in range(queries + WARM):
        value, right = pictures.changed_hash()
        sample = Sample("", hashes=(value,))
        for answers, looked_up in ((all_compared, False), (by_bands, True)):
            knns = hash_knn("image.perceptual_hashes.bits", sample, RELATED, False, [], by_bands=looked_up)
            answers.ask(es, index, {"knn": knns, "size": WINDOW}, right)
    return [cell for answers in (likeness, all_compared, by_bands) for cell in answers.cells()]


@click.command()
@click.option("--counts", default="10000,30000,100000", show_default=True, help="Numbers of documents, growing.")
@click.option("--queries", default=200, show_default=True, help="Queries of each kind.")
@click.option("--dims", default=Builtin.dims, show_default=True, help="Length of the vectors.")
@click.option("--shards", default=1, show_default=True, help="Primary shards of the index.")
@click.option("--es-version", default=None, help="Elasticsearch version.")
def main(counts: str, queries: int, dims: int, shards: int, es_version: str | None) -> None:
    """Print latencies and bytes per picture."""
    version = EmbeddedNode(es_version=es_version).version
    table = Table(
        title=f"vectors of {dims} numbers (int8 HNSW) and hashes of 256 bits, Elasticsearch {version}, ms; node: its processors, a query"
    )
    kinds = ("likeness", "all hashes compared", "by bands")
    columns = [column for kind in kinds for column in (f"{kind} p50", "p95", "node", "recall")]
    for column in ("pictures", *columns, "index bytes a picture", "indexed a second"):
        table.add_column(column, justify="right")
    pictures, index, there = Pictures(dims), "scale", 0
    properties = {name: value for name, value in mapping()["properties"].items() if name in FIELDS}
    with (
        EmbeddedNode(es_version=version, plugin_zip=find_plugin_zip(version), token=TOKEN, heap="1g") as node,
        Elasticsearch(node.url, request_timeout=600) as es,
    ):
        es.indices.create(
            index=index,
            mappings={"properties": {"image": {"properties": properties}}},
            settings={"number_of_replicas": 0, "number_of_shards": shards},
        )
        for count in map(int, counts.split(",")):
            pictures.grow(count)
            start = time.perf_counter()
            helpers.bulk(es, pictures.documents(index, there), chunk_size=500)
            rate, there = (count - there) / (time.perf_counter() - start), count
            es.indices.forcemerge(index=index, max_num_segments=1)
            es.indices.refresh(index=index)
            size = es.indices.stats(index=index)["indices"][index]["total"]["store"]["size_in_bytes"]
            row = [
                f"{count:,}",
                *measured(es, index, pictures, queries, node.pid),
                f"{size / count:,.0f}",
                f"{rate:,.0f}",
            ]
            table.add_row(*row)
            print(*row, flush=True)
    Console(width=160).print(table)


if __name__ == "__main__":
    main()
