"""How well changed copies are found, and how often another picture is taken for one, through real queries.

    python -m benchmarks.near_duplicates [--pictures ../shared/images] [--model FOLDER]

Three ways to ask, for each change: by the hash alone, by the visual vector alone, and as `ingest-image search --like FILE
--near-duplicate` does, which puts both together. A copy counts as found when its original is the first answer; every other picture
among the answers is a false positive. Then the bridge set of PDQ: one photograph under ten modifications, each asked for among all.
"""

from __future__ import annotations

import base64
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
from elasticsearch import Elasticsearch
from PIL import Image
from rich.console import Console
from rich.table import Table

from benchmarks.changed_copies import CHANGES, photographs
from embedded_node import EmbeddedNode, find_plugin_zip
from ingest_image.search import Engine, Question, Sample
from ingest_image.search.hashes import BITS, SAME_PICTURE
from ingest_image.search.likeness import cosine, likeness_of
from ingest_image.search.sampling import sample_of_bytes
from tests.helpers.nodes import bootstrap
from tests.helpers.paths import CORPUS
from tests.helpers.pictures import encoded
from tests.helpers.service import TOKEN, running_service

INDEX = "images-copies"
BRIDGE = "pdq/bridge-mods"
ORIGINAL = f"{BRIDGE}/aaa-orig.jpg"
Answer = list[tuple[str, float]]


@dataclass
class Count:
    """How many originals were first, and how many others were among the answers."""

    right: int = 0
    wrong: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, name: str, answer: list[str]) -> None:
        self.right += answer[:1] == [name]
        self.wrong += sum(id != name for id in answer)


def document(data: bytes) -> dict[str, Any]:
    return {"image": {"data": base64.b64encode(data).decode()}}


def knn(es: Elasticsearch, field_: str, vector: Any, k: int) -> Answer:
    """Ids and scores, nearest first."""
    question = {"field": field_, "query_vector": vector, "k": k, "num_candidates": k}
    found = es.search(index=INDEX, knn=question, size=k, source=False)["hits"]["hits"]
    return [(hit["_id"], hit["_score"]) for hit in found]


def by_hash(es: Elasticsearch, sample: Sample, k: int) -> list[tuple[str, int]]:
    """Ids and bits, nearest first."""
    found = knn(es, "image.perceptual_hash", sample.hashes[0], k) if sample.hashes else []
    return [(id, round(BITS * (1 - score))) for id, score in found]


def counted(es: Elasticsearch, engine: Engine, samples: dict[str, Sample]) -> dict[str, Count]:
    """The ways to ask, by the heading that they have in the table."""
    found = {heading: Count() for heading in ("nearest hash", "hash", "likeness", "both", "both, turned")}
    for name, sample in samples.items():
        bits = by_hash(es, sample, len(samples))
        found["nearest hash"].add(name, [id for id, _ in bits[:1]])
        found["hash"].add(name, [id for id, distance in bits if distance <= SAME_PICTURE])
        alike = knn(es, "image.embedding", list(sample.embeddings[0]), len(samples))
        least = likeness_of(sample.embedder).copy
        found["likeness"].add(name, [id for id, score in alike if cosine(score) >= least])
        for heading, turned in (("both", False), ("both, turned", True)):
            hits = engine.search(Question(sample=sample, near_duplicates=True, turned=turned), 100).hits
            found[heading].add(name, [hit.id for hit in hits])
            found[heading].reasons[next((hit.reason for hit in hits if hit.id == name), "missed")] += 1
    return found


@click.command()
@click.option("--pictures", type=click.Path(path_type=Path, exists=True), default=CORPUS)
@click.option(
    "--model", type=click.Path(path_type=Path, exists=True), help="Folder of an ONNX model, for the likeness."
)
@click.option("--es-version", default=None, help="Elasticsearch version.")
def main(pictures: Path, model: Path | None, es_version: str | None) -> None:
    """Print a table of recalls and false positives, and the distances of the bridge set."""
    originals = photographs(pictures)
    version = EmbeddedNode(es_version=es_version).version
    console = Console(width=180)
    choice = {"embedder": "onnx", "embedder_model": str(model)} if model else {"embedder": "builtin"}
    with (
        tempfile.TemporaryDirectory() as folder,
        running_service(Path(folder) / "service.log", **choice) as service,
        EmbeddedNode(es_version=version, plugin_zip=find_plugin_zip(version), token=TOKEN) as node,
        Elasticsearch(node.url, request_timeout=120) as es,
    ):
        bootstrap("--url", node.url, "--service-url", service.url)
        for name, image in originals.items():
            es.index(index=INDEX, id=name, document=document(encoded(image, "JPEG", quality=90)))
        es.indices.refresh(index=INDEX)
        engine = Engine(es, INDEX)
        console.print(
            _changes(es, engine, originals, f"copies of {len(originals)} photographs, Elasticsearch {version}")
        )
        bridge = sorted((pictures / BRIDGE).glob("*.jpg"))
        # It may be among the photographs already, as a copy of the file.
        es.index(index=INDEX, id=ORIGINAL, document=document((pictures / ORIGINAL).read_bytes()), refresh=True)
        console.print(_bridge(es, engine, bridge, len(originals) + 1))


def _changes(es: Elasticsearch, engine: Engine, originals: dict[str, Image.Image], title: str) -> Table:
    table, pairs = Table(title=title, title_justify="left"), len(originals) * (len(originals) - 1)
    for change, make in CHANGES.items():
        found = counted(es, engine, _samples(engine, originals, make))
        if not table.columns:
            for column in (
                "change",
                *(part for heading in found for part in (heading, f"false, of {pairs}")),
                "reasons",
            ):
                table.add_column(column, justify="left" if column in ("change", "reasons") else "right")
        cells = [
            cell
            for count in found.values()
            for cell in (f"{100 * count.right / len(originals):.1f} %", str(count.wrong))
        ]
        reasons = ", ".join(f"{reason} {count}" for reason, count in found["both"].reasons.most_common())
        table.add_row(change, *cells, reasons)
    return table


def _samples(
    engine: Engine, originals: dict[str, Image.Image], make: Callable[[Image.Image], Image.Image]
) -> dict[str, Sample]:
    return {
        name: sample_of_bytes(engine, encoded(make(image), "JPEG", quality=90), name)
        for name, image in originals.items()
    }


def _bridge(es: Elasticsearch, engine: Engine, files: list[Path], k: int) -> Table:
    table = Table(
        title="the bridge set: bits from the original, its rank, and what came before it", title_justify="left"
    )
    for column in ("file", "bits", "rank", "before it"):
        table.add_column(column, justify="left" if column in ("file", "before it") else "right")
    for path in files:
        found = by_hash(es, sample_of_bytes(engine, path.read_bytes(), path.name), k)
        rank = next(rank for rank, (id, _) in enumerate(found) if id == ORIGINAL)
        before = ", ".join(f"{id} ({bits})" for id, bits in found[:rank])
        table.add_row(path.name, str(found[rank][1]), str(rank + 1), before)
    return table


if __name__ == "__main__":
    main()
