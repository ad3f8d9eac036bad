"""How search by likeness and by hash grows: latency, recall, memory and disk at 10,000, 30,000 and 100,000 pictures.

    python -m benchmarks.scale [--counts 10000,30000,100000] [--queries 200] [--shards 1]

Synthetic documents, vectors and hashes only, without the pictures; one node, one client, one query at a time, as `ingest-image search`
makes it. Hashes are asked for with up to 31 bits changed, once with all compared and once looked up by their bands, in turn. Index bytes
are those of all files of the index after a merge into one segment a shard, which vectors and hashes share with nothing but ids.
Likeness is asked for ten pictures, as the docs do it, and for a hundred, as `ingest-image search` does it; recall is that of the ten most
similar ones. Memory is the node's after the queries: its own (heap and all else), and pages of the index's files that it has mapped.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import numpy as np
from elasticsearch import Elasticsearch, helpers
from elasticsearch.serializer import OrjsonSerializer
from rich.console import Console
from rich.table import Table

from benchmarks.processor_time import milliseconds
from embedded_node import EmbeddedNode, find_plugin_zip
from ingest_image.search import Sample
from ingest_image.search.comparing.hashes import RELATED, SAME_PICTURE
from ingest_image.search.requests.queries import WINDOW, hash_knn, knn
from processor_service.embedders.builtin import Builtin
from processor_service.hash_bands import bands
from processor_service.wire.fields import mapping
from tests.helpers.service import TOKEN

FIELDS = ("embedding", "embedder", "perceptual_hash", "perceptual_hashes")
# Pictures come in groups that look alike; vectors without any structure would be harder to search than those of pictures.
GROUPS = 2_000
# Queries that only warm caches.
WARM = 20
# Threads that answer requests, so neither the compiler's nor the garbage collector's.
THREADS = "elasticsearch"


class Pictures:
    """Random vectors and hashes of as many pictures as one asks for; they are kept, to know what queries should find.

    Without vectors, if `dims` is 0.
    """

    def __init__(self, dims: int) -> None:
        # Two of them: questions do not change what is stored.
        self.random, self.questions = np.random.default_rng(1), np.random.default_rng(2)
        self.dims = dims
        self.groups = self.random.normal(0, 1, (GROUPS, dims)).astype(np.float32)
        self.vectors = np.empty((0, dims), np.float32)
        self.hashes: list[str] = []

    def embeddings(self, count: int, random: np.random.Generator) -> Any:
        vectors = self.groups[random.integers(GROUPS, size=count)] + random.normal(0, 0.5, (count, self.dims))
        return np.round(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), 5).astype(np.float32)

    def grow(self, count: int) -> None:
        new = count - len(self.hashes)
        if self.dims:
            parts = [self.embeddings(min(10_000, new - start), self.random) for start in range(0, new, 10_000)]
            self.vectors = np.concatenate([self.vectors, *parts])
        self.hashes += [self.random.bytes(32).hex() for _ in range(new)]

    def documents(self, index: str, start: int) -> Iterator[dict[str, Any]]:
        for i in range(start, len(self.hashes)):
            value = self.hashes[i]
            hashes = {"algorithm": "pdq", "hex": value, "bits": value, "bands": bands(value)}
            image: dict[str, Any] = {"perceptual_hash": value, "perceptual_hashes": hashes}
            if self.dims:
                image |= {"embedding": self.vectors[i], "embedder": "builtin-v1"}
            yield {"_index": index, "_id": str(i), "image": image}

    def changed_hash(self) -> tuple[str, set[str]]:
        """A stored hash in which up to 31 bits are changed, and the picture that has it."""
        id = int(self.questions.integers(len(self.hashes)))
        bits = self.questions.choice(256, int(self.questions.integers(SAME_PICTURE + 1)), replace=False)
        return f"{int(self.hashes[id], 16) ^ sum(1 << int(bit) for bit in bits):064x}", {str(id)}

    def vector(self) -> tuple[list[float], set[str]]:
        """A vector, and the ten pictures that are most like it."""
        vector = self.embeddings(1, self.questions)[0]
        return vector.tolist(), {str(id) for id in np.argpartition(-(self.vectors @ vector), 10)[:10]}


@dataclass
class Answers:
    """Of one kind of query: milliseconds from request to answer and of the node's processors, and what was found."""

    node: int
    # Only these of the hits count.
    first: int | None = None
    spent: list[float] = field(default_factory=list)
    computed: list[float] = field(default_factory=list)
    found: int = 0
    right: int = 0

    def ask(self, es: Elasticsearch, index: str, body: dict[str, Any], right: set[str]) -> None:
        computed, start = milliseconds(self.node, THREADS), time.perf_counter()
        hits = es.search(index=index, source=False, **body)["hits"]["hits"]
        self.spent.append(1000 * (time.perf_counter() - start))
        self.computed.append(milliseconds(self.node, THREADS) - computed)
        self.found += len(right & {hit["_id"] for hit in hits[: self.first]})
        self.right += len(right)

    def cells(self) -> list[str]:
        both = [f"{cut:.1f}" for of in (self.spent, self.computed) for cut in np.percentile(of[WARM:], (50, 95))]
        return [*both, f"{self.found / self.right:.3f}"]


def measured(es: Elasticsearch, index: str, pictures: Pictures, queries: int, node: int) -> dict[str, list[str]]:
    """The cells of each kind of query."""
    likeness, search = Answers(node), Answers(node, first=10)
    all_compared, by_bands = Answers(node), Answers(node)
    for _ in range(queries + WARM if pictures.dims else 0):
        vector, right = pictures.vector()
        ten = {"field": "image.embedding", "k": 10, "num_candidates": 100, "query_vector": vector}
        likeness.ask(es, index, {"knn": ten, "size": 10}, right)
        search.ask(es, index, {"knn": knn("image.embedding", vector, []), "size": WINDOW}, right)
    for _ in range(queries + WARM):
        value, right = pictures.changed_hash()
        sample = Sample("", hashes=(value,))
        for answers, looked_up in ((all_compared, False), (by_bands, True)):
            knns = hash_knn("image.perceptual_hashes.bits", sample, RELATED, False, [], by_bands=looked_up)
            answers.ask(es, index, {"knn": knns, "size": WINDOW}, right)
    kinds = {
        "likeness, 10 pictures": likeness,
        "likeness, 100 pictures": search,
        "all hashes compared": all_compared,
        "hashes by bands": by_bands,
    }
    return {name: answers.cells() for name, answers in kinds.items() if answers.spent}


def memory(pid: int) -> list[str]:
    """MB of a process in memory: its own, and pages of files."""
    fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return [f"{int(fields[name].split()[0]) / 1024:,.0f}" for name in ("RssAnon", "RssFile")]


@click.command()
@click.option("--counts", default="10000,30000,100000", show_default=True, help="Numbers of documents, growing.")
@click.option("--queries", default=200, show_default=True, help="Queries of each kind.")
@click.option("--dims", default=Builtin.dims, show_default=True, help="Length of the vectors; 0 for hashes only.")
@click.option("--shards", default=1, show_default=True, help="Primary shards of the index.")
@click.option("--es-version", default=None, help="Elasticsearch version.")
def main(counts: str, queries: int, dims: int, shards: int, es_version: str | None) -> None:
    """Print latencies, and what the index takes."""
    version = EmbeddedNode(es_version=es_version).version
    times = Table(
        title=f"vectors of {dims} numbers (int8 HNSW) and hashes of 256 bits, Elasticsearch {version}, ms; node: processor time"
    )
    for column in ("pictures", "question", "p50", "p95", "node p50", "p95", "recall"):
        times.add_column(column, justify="left" if column == "question" else "right")
    sizes = Table(title="what the index takes")
    for column in ("pictures", "bytes a picture", "MB of the node", "MB of files", "indexed a second", "merge, s"):
        sizes.add_column(column, justify="right")
    pictures, index, there = Pictures(dims), "scale", 0
    properties = {name: value for name, value in mapping()["properties"].items() if name in FIELDS}
    with (
        EmbeddedNode(es_version=version, plugin_zip=find_plugin_zip(version), token=TOKEN, heap="1g") as node,
        Elasticsearch(node.url, request_timeout=1800, serializer=OrjsonSerializer()) as es,
    ):
        es.indices.create(
            index=index,
            mappings={"properties": {"image": {"properties": properties}}},
            settings={"number_of_replicas": 0, "number_of_shards": shards, "refresh_interval": -1},
        )
        for count in map(int, counts.split(",")):
            pictures.grow(count)
            start = time.perf_counter()
            for _ in helpers.parallel_bulk(es, pictures.documents(index, there), thread_count=2, chunk_size=500):
                pass  # one that was refused raises
            rate, there = (count - there) / (time.perf_counter() - start), count
            print(f"{count:,}: indexed, {rate:,.0f} a second", flush=True)
            start = time.perf_counter()
            es.indices.forcemerge(index=index, max_num_segments=1)
            es.indices.refresh(index=index)
            merge = time.perf_counter() - start
            size = es.indices.stats(index=index)["indices"][index]["total"]["store"]["size_in_bytes"]
            for name, cells in measured(es, index, pictures, queries, node.pid).items():
                times.add_row(f"{count:,}", name, *cells)
                print(f"{count:,}", name, *cells, flush=True)
            row = [f"{count:,}", f"{size / count:,.0f}", *memory(node.pid), f"{rate:,.0f}", f"{merge:.0f}"]
            sizes.add_row(*row)
            print(*row, flush=True)
    for table in (times, sizes):
        Console(width=130).print(table)


if __name__ == "__main__":
    main()
