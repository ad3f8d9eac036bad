"""How well the hash finds changed copies, and how seldom it takes another picture for one, through real kNN searches.

    python -m benchmarks.near_duplicates [--pictures ../shared/images]

A copy counts as found when its original is the first hit and at most 31 bits away, which is when `ingest-image search`
says "same picture". A false positive is any other picture within 31 bits. Then the bridge set of PDQ: one photograph under
ten modifications, each asked for among all the others.
"""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
from elasticsearch import Elasticsearch
from PIL import Image
from rich.console import Console
from rich.table import Table

from benchmarks.changed_copies import CHANGES, photographs
from embedded_node import EmbeddedNode, find_plugin_zip
from pipelines.search.hashes import BITS, SAME_PICTURE, variants
from tests.end_to_end.conftest import bootstrap
from tests.support import CORPUS, TOKEN, encoded, running_service

INDEX = "images-copies"
BRIDGE = "pdq/bridge-mods"


def document(data: bytes) -> dict[str, Any]:
    return {"image": {"data": base64.b64encode(data).decode()}}


def hash_of(es: Elasticsearch, data: bytes) -> str | None:
    """The hash as the pipeline computes it; None where the picture has too little structure for one."""
    answer = es.ingest.simulate(id="images", docs=[{"_source": document(data)}])
    image = answer["docs"][0]["doc"]["_source"]["image"]
    return image["perceptual_hash"] if "perceptual_hash_vector" in image else None


def distances(es: Elasticsearch, hashes: Iterable[str], k: int) -> dict[str, int]:
    """Bits between the nearest of the given hashes and each of the k nearest pictures, by kNN."""
    found: dict[str, int] = {}
    for value in hashes:
        knn = {"field": "image.perceptual_hash_vector.bits", "k": k, "num_candidates": k, "query_vector": value}
        for hit in es.search(index=INDEX, knn=knn, size=k, source=False)["hits"]["hits"]:
            bits = round(BITS * (1 - hit["_score"]))
            found[hit["_id"]] = min(bits, found.get(hit["_id"], BITS))
    return found


@click.command()
@click.option("--pictures", type=click.Path(path_type=Path, exists=True), default=CORPUS)
@click.option("--es-version", default=None, help="Elasticsearch version.")
def main(pictures: Path, es_version: str | None) -> None:
    """Print a table of recalls and false positive rates, and the distances of the bridge set."""
    originals = photographs(pictures)
    version = EmbeddedNode(es_version=es_version).version
    console = Console(width=110)
    with (
        tempfile.TemporaryDirectory() as folder,
        running_service(Path(folder) / "service.log") as service,
        EmbeddedNode(es_version=version, plugin_zip=find_plugin_zip(version), token=TOKEN) as node,
        Elasticsearch(node.url, request_timeout=120) as es,
    ):
        bootstrap("--url", node.url, "--service-url", service.url)
        for name, image in originals.items():
            es.index(index=INDEX, id=name, document=document(encoded(image, "JPEG", quality=90)))
        es.indices.refresh(index=INDEX)
        table = Table(title=f"copies of {len(originals)} photographs, Elasticsearch {version}", title_justify="left")
        for column in ("change", "recall@1", "false positives", "recall@1, turned too", "false positives"):
            table.add_column(column, justify="left" if column == "change" else "right")
        for change, make in CHANGES.items():
            table.add_row(change, *_row(es, originals, make))
        console.print(table)
        bridge = sorted((pictures / BRIDGE).glob("*.jpg"))
        original = next(path for path in bridge if "orig" in path.name)
        es.index(index=INDEX, id="bridge", document=document(original.read_bytes()), refresh=True)
        table = Table(title="the bridge set: bits from the original, and its rank", title_justify="left")
        for column in ("file", "bits", "rank"):
            table.add_column(column, justify="left" if column == "file" else "right")
        for path in bridge:
            value = hash_of(es, path.read_bytes())
            found = distances(es, [value] if value else [], len(originals) + 1)
            rank = sorted(found, key=lambda id: found[id]).index("bridge") + 1 if found else 0
            table.add_row(path.name, str(found.get("bridge", "no hash")), str(rank or ""))
        console.print(table)


def _row(es: Elasticsearch, originals: dict[str, Image.Image], make: Any) -> list[str]:
    cells = []
    hashes = {name: hash_of(es, encoded(make(image), "JPEG", quality=90)) for name, image in originals.items()}
    for turned in (False, True):
        right = wrong = pairs = 0
        for name, value in hashes.items():
            ways = [] if value is None else list(variants(value).values()) if turned else [value]
            found = distances(es, ways, len(originals))
            right += bool(found) and min(found, key=lambda id: found[id]) == name and found[name] <= SAME_PICTURE
            wrong += sum(bits <= SAME_PICTURE for id, bits in found.items() if id != name)
            pairs += len(originals) - 1
        cells += [f"{100 * right / len(originals):.1f} %", f"{wrong} of {pairs}"]
    return cells


if __name__ == "__main__":
    main()
