"""How well vectors find the original of a changed copy, and how exact HNSW is, through real kNN searches.

    python -m benchmarks.likeness [--pictures ../shared/images] [--model FOLDER ...]

For the built-in embedder and each model folder: recall@1 of changed copies of the photographs (the original is the first hit), through
the query vector builder; and recall@10 of HNSW against exact search over the same vectors and 10,000 synthetic ones around them.
"""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np
from elasticsearch import Elasticsearch, helpers
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console
from rich.table import Table

from benchmarks.changed_copies import CHANGES, photographs
from embedded_node import EmbeddedNode, find_plugin_zip
from processor_service.embedders import Embedder, chosen
from processor_service.settings import Settings
from tests.helpers.nodes import bootstrap, set_hosts
from tests.helpers.paths import CORPUS
from tests.helpers.pictures import encoded
from tests.helpers.service import TOKEN, running_service

SYNTHETIC = 10_000
QUERIES = 200


def b64(image: Image.Image, quality: int = 90) -> str:
    return base64.b64encode(encoded(image, "JPEG", quality=quality)).decode()


def search(es: Elasticsearch, index: str, k: int, **question: Any) -> list[str]:
    knn = {"field": "image.embedding", "k": k, "num_candidates": 100, **question}
    answer = es.search(index=index, knn=knn, size=k, source=False)
    return [hit["_id"] for hit in answer["hits"]["hits"]]


def recall_at_1(es: Elasticsearch, index: str, originals: dict[str, Image.Image]) -> dict[str, float]:
    for name, image in originals.items():
        es.index(index=index, id=name, document={"image": {"data": b64(image)}})
    es.indices.refresh(index=index)
    return {
        change: sum(
            search(es, index, 1, query_vector_builder={"image": {"data": b64(make(image))}}) == [name]
            for name, image in originals.items()
        )
        / len(originals)
        for change, make in CHANGES.items()
    }


def spread(embedder: Embedder, originals: dict[str, Image.Image]) -> NDArray[Any]:
    """Vectors of the photographs, and mixtures of them with noise: as close together as vectors of pictures are."""
    real = np.array([embedder.image(image) for image in originals.values()])
    real /= np.linalg.norm(real, axis=1, keepdims=True)
    random = np.random.default_rng(7)
    shares = random.dirichlet(np.full(len(real), 0.1), SYNTHETIC)
    mixed = shares @ real + random.normal(0, 0.4 * real.std(), (SYNTHETIC, real.shape[1]))
    vectors = np.concatenate([real, mixed])
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def recall_at_10(es: Elasticsearch, index: str, vectors: NDArray[Any]) -> tuple[float, float]:
    """By bytes alone, and as our mapping has it: the best ones are compared again by their exact numbers."""
    documents: Iterator[dict[str, Any]] = (
        {"_index": index, "_id": str(i), "image": {"embedding": [round(float(x), 5) for x in vector]}}
        for i, vector in enumerate(vectors)
    )
    helpers.bulk(es, documents, chunk_size=500, pipeline="_none")
    es.indices.refresh(index=index)
    found, rescored = 0, 0
    queries = np.random.default_rng(8).choice(len(vectors), QUERIES, replace=False)
    for query in queries:
        vector = vectors[query] + np.random.default_rng(query).normal(0, 0.2 * vectors.std(), vectors.shape[1])
        exact = np.argsort(-(vectors @ vector))[:10]
        wanted, question = {str(i) for i in exact}, {"query_vector": vector.tolist()}
        found += len(wanted & set(search(es, index, 10, **question, rescore_vector={"oversample": 0})))
        rescored += len(wanted & set(search(es, index, 10, **question)))
    return found / (10 * QUERIES), rescored / (10 * QUERIES)


@click.command()
@click.option(
    "--pictures", type=click.Path(path_type=Path, exists=True), default=CORPUS, help="Folder with photographs."
)
@click.option(
    "--model", "models", type=click.Path(path_type=Path, exists=True), multiple=True, help="Folder of an ONNX model."
)
@click.option("--es-version", default=None, help="Elasticsearch version.")
def main(pictures: Path, models: tuple[Path, ...], es_version: str | None) -> None:
    """Print a table of recalls."""
    originals = photographs(pictures)
    version = EmbeddedNode(es_version=es_version).version
    columns: dict[str, dict[str, float]] = {}
    choices: list[dict[str, Any]] = [
        {"embedder": "builtin"},
        *({"embedder": "onnx", "embedder_model": str(model)} for model in models),
    ]
    with (
        tempfile.TemporaryDirectory() as folder,
        EmbeddedNode(es_version=version, plugin_zip=find_plugin_zip(version), token=TOKEN) as node,
        Elasticsearch(node.url, request_timeout=120) as es,
    ):
        for number, choice in enumerate(choices):
            with running_service(Path(folder) / f"{number}.log", **choice) as service:
                bootstrap("--url", node.url, "--service-url", service.url)
                set_hosts(es, service.url)
                settings = Settings(**choice)
                embedder = chosen(settings).load(settings)
                recalls = recall_at_1(es, f"images-{number}", originals)
                mean = sum(recalls.values()) / len(recalls)
                plain, rescored = recall_at_10(es, f"images-synthetic-{number}", spread(embedder, originals))
                columns[f"{embedder.label}, {embedder.dims} numbers"] = {
                    **recalls,
                    "mean": mean,
                    "HNSW against exact, recall@10, bytes alone": plain,
                    "the same as our mapping has it": rescored,
                }
    table = Table(
        title=f"recall@1 of changed copies among {len(originals)} photographs and parts of photographs, Elasticsearch {version}"
    )
    for column in ("", *columns):
        table.add_column(column, justify="right" if column else "left")
    for row in next(iter(columns.values())):
        table.add_row(row, *(f"{100 * values[row]:.1f} %" for values in columns.values()))
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
