"""What an index costs with pictures in its documents, and with pictures in the store; and both with another codec.

    python -m benchmarks.store [--documents 160] [--runs 3] [--es-version 8.19.21]

All indices hold the same documents, made of different photographs of 2.2 megapixels, and are made in turn on one node.
Believe the ratios, not the numbers. Times are the node's processor time, of a replica that of both nodes.
- size: of the index on the disk, after the merge
- indexing: bulks of 16 documents, each of which becomes a segment
- merge: of these segments into one, after one document of each was deleted, as updates do. Otherwise Lucene copies
  compressed blocks as they are (`--no-deleted`). Elasticsearch keeps what was deleted for a while, so it counts here
- snapshot: into a folder; its size there
- restore: from the snapshot
- replica: a second node gets a copy of each shard, as it does when it joins, or comes back without its disk
- 100 hits: a search with everything that documents hold, and one without the picture, as the gallery asks

A node that has no native zstd cannot write `best_compression`: those rows are left out, and the table says so.
"""

from __future__ import annotations

import base64
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import click
import orjson
from elasticsearch import ApiError, Elasticsearch
from rich.console import Console
from rich.table import Table

from benchmarks.ingest import our_recipe
from benchmarks.photographs import photographs
from benchmarks.processor_time import seconds
from embedded_node import EmbeddedNode
from pipelines.resources import bundled
from processor_service.store.addresses import address
from tests.helpers.clusters import one_cluster

BULK = 16
SEARCHES = 10
TEMPLATE = next(r for r in bundled() if r.name == "images" and "template" in r.body).body["template"]
REPOSITORY = "folder"
# The first has all indices, the second their replicas.
NAMES = ("one", "two")


@dataclass(frozen=True)
class Kind:
    """A kind of index."""

    where: str
    codec: str

    @property
    def index(self) -> str:
        return f"{self.where}-{self.codec}"


KINDS = [Kind(where, codec) for codec in ("default", "best_compression") for where in ("document", "store")]


def in_store(image: dict[str, Any]) -> dict[str, Any]:
    """The fields of a picture as they are when it is in the store."""
    kept = {name: value for name, value in image.items() if name != "data"}
    return kept | {"stored": address(image["sha256"], image["format"])}


class Round:
    """Makes an index of a kind, and measures it."""

    def __init__(self, es: Elasticsearch, nodes: Sequence[EmbeddedNode], repository: Path, deleted: bool) -> None:
        self._es, self._nodes, self._repository, self._deleted = es, nodes, repository, deleted

    def run(self, kind: Kind, images: list[bytes], n: int) -> dict[str, float]:
        """Figures of one index: bytes, and milliseconds of processor time, a document."""
        es, name = self._es, kind.index
        settings = {
            "number_of_replicas": 0,
            "routing.allocation.include._name": NAMES[0],
            "codec": kind.codec,
            "refresh_interval": -1,
            # Only the merge that is measured.
            "merge.policy.segments_per_tier": 1000,
            "merge.policy.max_merge_at_once": 1000,
        }
        es.indices.create(index=name, settings=settings, mappings=TEMPLATE["mappings"])
        try:
            figures = {"indexing": self._time(lambda: self._fill(name, images, n)) / n}
            if self._deleted:
                self._delete(name, n)
            figures["merge"] = self._time(lambda: es.indices.forcemerge(index=name, max_num_segments=1)) / n
            es.indices.flush(index=name)
            stats = es.indices.stats(index=name, metric="store").body
            figures["size"] = stats["_all"]["primaries"]["store"]["size_in_bytes"] / n
            figures["100 hits"] = self._time(lambda: self._search(name), SEARCHES)
            figures["100 hits, no picture"] = self._time(lambda: self._search(name, "image.data"), SEARCHES)
            figures |= self._backup(name, n) | self._replica(name, n)
        finally:
            es.indices.delete(index=name)
        return figures

    def _backup(self, name: str, n: int) -> dict[str, float]:
        es = self._es
        before = _bytes(self._repository)
        figures = {
            "snapshot": self._time(
                lambda: es.snapshot.create(repository=REPOSITORY, snapshot=name, indices=name, wait_for_completion=True)
            )
            / n,
            "size of snapshot": (_bytes(self._repository) - before) / n,
            "restore": self._time(
                lambda: es.snapshot.restore(
                    repository=REPOSITORY,
                    snapshot=name,
                    indices=name,
                    rename_pattern="(.+)",
                    rename_replacement="again-$1",
                    wait_for_completion=True,
                )
            )
            / n,
        }
        es.indices.delete(index=f"again-{name}")
        es.snapshot.delete(repository=REPOSITORY, snapshot=name)
        return figures

    def _replica(self, name: str, n: int) -> dict[str, float]:
        es = self._es

        def copy() -> None:
            everywhere = {"number_of_replicas": 1, "routing.allocation.include._name": ",".join(NAMES)}
            es.indices.put_settings(index=name, settings=everywhere)
            health = es.cluster.health(index=name, wait_for_status="green", timeout="300s")
            assert not health["timed_out"], health.body

        figures = {"replica": self._time(copy, nodes=self._nodes) / n}
        shards = es.indices.recovery(index=name).body[name]["shards"]
        copied = sum(shard["index"]["size"]["recovered_in_bytes"] for shard in shards if shard["type"] == "PEER")
        return figures | {"size of what is copied to it": copied / n}

    def _fill(self, name: str, images: list[bytes], n: int) -> None:
        numbered = enumerate(islice(cycle(images), n))
        while lines := [line for i, image in islice(numbered, BULK) for line in _lines(i, image)]:
            answer = self._es.bulk(index=name, operations=lines).body
            if answer["errors"]:
                raise click.ClickException(str(answer["items"][0])[:300])
            self._es.indices.refresh(index=name)

    def _delete(self, name: str, n: int) -> None:
        for i in range(0, n, BULK):
            self._es.delete(index=name, id=str(i))
        self._es.indices.refresh(index=name)

    def _search(self, name: str, excluded: str | None = None) -> None:
        hits = self._es.search(index=name, size=100, source_excludes=excluded).body["hits"]["hits"]
        assert len(hits) == 100

    def _time(self, job: Callable[[], object], times: int = 1, nodes: Sequence[EmbeddedNode] = ()) -> float:
        """Milliseconds of processor time of these nodes; without any, of the first."""
        pids = [node.pid for node in nodes or self._nodes[:1]]
        before = seconds(pids)
        for _ in range(times):
            job()
        return 1000 * (seconds(pids) - before) / times


def _lines(i: int, image: bytes) -> tuple[Any, Any]:
    """A document in a bulk: as bytes, which the client sends as they are."""
    return orjson.dumps({"index": {"_id": str(i)}}), b'{"title":"picture %d","image":%b}' % (i, image)


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _writes(es: Elasticsearch, codec: str) -> bool:
    """Whether the node can write an index with a codec."""
    es.indices.create(index="trial", settings={"codec": codec, "number_of_replicas": 0})
    try:
        es.options(max_retries=0).index(index="trial", document={"title": "a"}, refresh=True, timeout="10s")
    except ApiError:
        return False
    finally:
        es.indices.delete(index="trial")
    return True


@click.command()
@click.option("--documents", default=160, show_default=True, help="Documents of each index, at least 112.")
@click.option("--runs", default=3, show_default=True, help="Repetitions; the median counts.")
@click.option("--es-version", default=None, help="Elasticsearch version.")
@click.option("--deleted/--no-deleted", default=True, help="Whether segments have deleted documents when they merge.")
def main(documents: int, runs: int, deleted: bool, es_version: str | None) -> None:
    """Print sizes, processor time, and ratios to the picture in its document with the default codec."""
    made = [our_recipe(base64.b64encode(data).decode()) for data in photographs(documents)]
    images = {
        "document": [orjson.dumps(image) for image in made],
        "store": [orjson.dumps(in_store(image)) for image in made],
    }
    figures: dict[Kind, dict[str, list[float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        repository = Path(folder)
        # The nodes may have another user.
        repository.chmod(0o777)
        with ExitStack() as stack:
            stack.enter_context(one_cluster(NAMES[0]))
            nodes = [
                stack.enter_context(
                    EmbeddedNode(es_version=es_version, settings={"path.repo": folder, "node.name": name, **more})
                )
                for name, more in zip(NAMES, ({}, {"node.roles": "data"}), strict=True)
            ]
            es = stack.enter_context(Elasticsearch(nodes[0].url, request_timeout=600))
            es.snapshot.create_repository(
                name=REPOSITORY, repository={"type": "fs", "settings": {"location": folder}}, verify=False
            )
            able = [kind for kind in KINDS if kind.codec == "default" or _writes(es, kind.codec)]
            one = Round(es, nodes, repository, deleted)
            for kind in able:
                one.run(kind, images[kind.where], documents)  # warms the JVM
                figures[kind] = defaultdict(list)
            for _ in range(runs):
                for kind in able:
                    for name, value in one.run(kind, images[kind.where], documents).items():
                        figures[kind][name].append(value)
    Console(width=120).print(_table(figures, documents, runs, nodes[0].version))
    if able != KINDS:
        click.echo("This node has no native zstd, so it writes no index with best_compression.")


def _table(figures: dict[Kind, dict[str, list[float]]], n: int, runs: int, version: str) -> Table:
    table = Table(title=f"{n} documents, Elasticsearch {version}, median of {runs}; in brackets: of the first column")
    table.add_column("")
    for kind in figures:
        table.add_column(f"{kind.where}, {kind.codec}", justify="right")
    medians = {kind: {name: statistics.median(values) for name, values in of.items()} for kind, of in figures.items()}
    first = next(iter(medians.values()))
    for name in first:
        table.add_row(name, *_row(name, first, medians.values()))
    return table


def _row(name: str, first: dict[str, float], medians: Any) -> Iterator[str]:
    for each in medians:
        value, unit = (each[name] / 1024, "kB") if "size" in name else (each[name], "ms")
        yield f"{value:.1f} {unit} ({each[name] / first[name]:.3f})"


if __name__ == "__main__":
    main()
