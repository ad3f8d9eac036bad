"""How search by likeness grows: latency and disk at 10,000, 30,000 and 100,000 pictures.

    python -m benchmarks.scale [--counts 10000,30000,100000] [--queries 200]

Synthetic documents, vectors and hashes only, without the pictures; one shard, one node, one client, one query at a time. Index bytes are
those of all files of the index after a merge into one segment, which vectors and hashes share with nothing but ids.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import click
import numpy as np
from elasticsearch import Elasticsearch, helpers
from rich.console import Console
from rich.table import Table

from embedded_node import EmbeddedNode, find_plugin_zip
from processor_service.embedders.builtin import Builtin
from processor_service.wire.fields import mapping
from tests.helpers.service import TOKEN

FIELDS = ("embedding", "embedder", "perceptual_hash", "perceptual_hashes")
# Pictures come in groups that look alike; vectors without any structure would be harder to search than those of pictures.
GROUPS = 2_000


class Vectors:
    """As many random pictures as one asks for."""

    def __init__(self, dims: int) -> None:
        self.random = np.random.default_rng(1)
        self.groups = self.random.normal(0, 1, (GROUPS, dims)).astype(np.float32)

    def embeddings(self, count: int) -> list[list[float]]:
        dims = self.groups.shape[1]
        vectors = self.groups[self.random.integers(GROUPS, size=count)] + self.random.normal(0, 0.5, (count, dims))
        unit: list[list[float]] = np.round(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), 5).tolist()
        return unit

    def embedding(self) -> list[float]:
        return self.embeddings(1)[0]

    def hash(self) -> str:
        return self.random.bytes(32).hex()


def documents(vectors: Vectors, index: str, start: int, end: int) -> Iterator[dict[str, Any]]:
    batch: list[list[float]] = []
    for i in range(start, end):
        value = vectors.hash()
        batch = batch or vectors.embeddings(500)
        image: dict[str, Any] = {"embedding": batch.pop(), "embedder": "builtin-v1", "perceptual_hash": value}
        image["perceptual_hashes"] = {"algorithm": "pdq", "hex": value, "bits": value}
        yield {"_index": index, "_id": str(i), "image": image}


def latencies(es: Elasticsearch, index: str, field: str, make: Any, queries: int) -> tuple[float, float]:
    """50th and 95th percentile in milliseconds, from request to answer."""
    spent = []
    for i in range(queries + 20):
        knn = {"field": field, "k": 10, "num_candidates": 100, "query_vector": make()}
        start = time.perf_counter()
        es.search(index=index, knn=knn, size=10, source=False)
        if i >= 20:  # the first ones warm caches
            spent.append(1000 * (time.perf_counter() - start))
    p50, p95 = np.percentile(spent, (50, 95))
    return float(p50), float(p95)


@click.command()
@click.option("--counts", default="10000,30000,100000", show_default=True, help="Numbers of documents, growing.")
@click.option("--queries", default=200, show_default=True, help="Queries of each kind.")
@click.option("--dims", default=Builtin.dims, show_default=True, help="Length of the vectors.")
@click.option("--es-version", default=None, help="Elasticsearch version.")
def main(counts: str, queries: int, dims: int, es_version: str | None) -> None:
    """Print latencies and bytes per picture."""
    version = EmbeddedNode(es_version=es_version).version
    table = Table(
        title=f"kNN, vectors of {dims} numbers (int8 HNSW) and hashes of 256 bits (compared one by one), Elasticsearch {version}, ms"
    )
    for column in ("pictures", "likeness p50", "p95", "hash p50", "p95", "index bytes a picture", "indexed a second"):
        table.add_column(column, justify="right")
    vectors, index, there = Vectors(dims), "scale", 0
    properties = {name: value for name, value in mapping()["properties"].items() if name in FIELDS}
    with (
        EmbeddedNode(es_version=version, plugin_zip=find_plugin_zip(version), token=TOKEN, heap="1g") as node,
        Elasticsearch(node.url, request_timeout=600) as es,
    ):
        es.indices.create(
            index=index,
            mappings={"properties": {"image": {"properties": properties}}},
            settings={"number_of_replicas": 0},
        )
        for count in map(int, counts.split(",")):
            start = time.perf_counter()
            helpers.bulk(es, documents(vectors, index, there, count), chunk_size=500)
            rate, there = (count - there) / (time.perf_counter() - start), count
            es.indices.forcemerge(index=index, max_num_segments=1)
            es.indices.refresh(index=index)
            size = es.indices.stats(index=index)["indices"][index]["total"]["store"]["size_in_bytes"]
            likeness = latencies(es, index, "image.embedding", vectors.embedding, queries)
            bits = latencies(es, index, "image.perceptual_hash", vectors.hash, queries)
            table.add_row(
                f"{count:,}", *(f"{value:.1f}" for value in (*likeness, *bits)), f"{size / count:,.0f}", f"{rate:,.0f}"
            )
            print(f"{count}: {likeness} {bits} {size / count:.0f} bytes, {rate:.0f}/s", flush=True)
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
