"""How well changed copies are found, how often another picture is taken for one, and what that costs; by real queries.

    python -m benchmarks.near_duplicates [--pictures ../shared/images] [--embedder lite0] [--without-opencv]

For each change: by the hash alone (at most 31 bits), and as `ingest-image search --like FILE --near-duplicate` does. A copy counts
as found when its original is among the hits; every other picture among them is wrong, and all of those are listed, so that one can
look. *Nearest* says how often the original was near enough by hash or vector to be laid over. Times are of a question about a
picture whose hash and vector are known: seconds on the clock, and of the processor in this process (without the node's).
With --held-out only those photographs are asked for that no threshold was chosen by: of all, sorted by name, every second, without
every fifth and seventh of ../shared/recognition (with --pictures ../shared/images --pictures ../shared/recognition). The others are
stored as well. A part of a file and the whole file (`photographs`) are copies, so neither is counted as wrong for the other.
With --cold the command asks, a process for each photograph, with a file of its corner of 80 %: it knows nothing yet.
Then the bridge set of PDQ: one photograph under ten modifications, each asked for among all. With --duplicates, all copies are
stored as well, and clustered as `ingest-image duplicates` does.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import click
import numpy as np
from elasticsearch import Elasticsearch
from PIL import Image
from rich.console import Console
from rich.table import Table

from benchmarks.changed_copies import CHANGES, PARTS, photographs
from embedded_node import EmbeddedNode, find_plugin_zip
from ingest_image.duplicates.clusters import find_clusters
from ingest_image.overlay import features
from ingest_image.search import Engine, Question, Sample
from ingest_image.search.comparing.hashes import BITS, SAME_PICTURE
from ingest_image.search.found import copies
from ingest_image.search.sampling import sample_of_open_file
from tests.helpers.nodes import bootstrap
from tests.helpers.paths import CORPUS
from tests.helpers.pictures import b64, encoded
from tests.helpers.service import TOKEN, running_service

INDEX = "images-copies"
BRIDGE = "pdq/bridge-mods"
ORIGINAL = f"{BRIDGE}/aaa-orig.jpg"


@dataclass
class Found:
    """What the questions about the copies of one change found."""

    by_hash: int = 0
    near: int = 0
    found: int = 0
    first: int = 0
    wrong: list[tuple[str, str, str]] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    computed: list[float] = field(default_factory=list)


def document(data: bytes) -> dict[str, Any]:
    return {"image": {"data": b64(data)}}


def by_hash(es: Elasticsearch, sample: Sample, k: int) -> list[tuple[str, int]]:
    """Ids and bits, nearest first."""
    if not sample.hashes:
        return []
    question = {"field": "image.perceptual_hash", "query_vector": sample.hashes[0], "k": k, "num_candidates": k}
    found = es.search(index=INDEX, knn=question, size=k, source=False)["hits"]["hits"]
    return [(hit["_id"], round(BITS * (1 - hit["_score"]))) for hit in found]


def asked(es: Elasticsearch, engine: Engine, samples: dict[str, Sample], turned: bool) -> Found:
    """One question for each sample, whose key is the id of its original."""
    counts = Found()
    for name, sample in samples.items():
        counts.by_hash += (name, True) in ((id, bits <= SAME_PICTURE) for id, bits in by_hash(es, sample, len(samples)))
        looked_at: list[str] = []
        before = copies.confirmed

        def confirmed(client: Any, sample: Any, keys: Any, ids: list[str] = looked_at, real: Any = before) -> Any:
            ids += [id for _, id in keys]
            return real(client, sample, keys)

        copies.confirmed = confirmed
        clock, processor = time.perf_counter(), time.process_time()
        hits = engine.search(Question(sample=sample, near_duplicates=True, turned=turned), 100).hits
        counts.seconds.append(time.perf_counter() - clock)
        counts.computed.append(time.process_time() - processor)
        copies.confirmed = before
        ids = [hit.id for hit in hits]
        counts.near += name in ids or name in looked_at
        counts.found += name in ids
        counts.first += ids[:1] == [name]
        counts.wrong += [(name, hit.id, table_reason(hit)) for hit in hits if not related(name, hit.id)]
        counts.reasons[next((table_reason(hit, short=True) for hit in hits if hit.id == name), "missed")] += 1
    return counts


def related(one: str, other: str) -> bool:
    """Whether both are the same picture, or one is the whole of which the other is a part."""
    return one == other or (whole(one) == whole(other) and whole(one) in (one, other))


def whole(name: str) -> str:
    """The file of a ninth: `a.jpg` of `a.jpg (0, 1)`."""
    return name.partition(" (")[0]


def table_reason(hit: Any, short: bool = False) -> str:
    how = "pixels" if hit.overlap else "hash" if hit.distance else "bytes"
    return how if short else f"{how}, {hit.distance} bits, cosine {hit.likeness}, {hit.overlap}"


@click.command()
@click.option("--pictures", type=click.Path(path_type=Path, exists=True), multiple=True, default=[CORPUS])
@click.option("--embedder", type=click.Choice(["builtin", "lite0"]), default="builtin", show_default=True)
@click.option(
    "--model", type=click.Path(path_type=Path, exists=True), help="Folder of an ONNX model, instead of an embedder."
)
@click.option("--without-opencv", is_flag=True, help="As if OpenCV were not installed.")
@click.option("--turned", is_flag=True, help="Ask for turned copies, too.")
@click.option("--held-out", is_flag=True, help="Ask only for photographs that no threshold was chosen by.")
@click.option("--most", type=int, default=1000, help="Ask for that many photographs at most, evenly chosen.")
@click.option("--cold", is_flag=True, help="Time the command, too.")
@click.option("--duplicates", is_flag=True, help="Cluster originals and copies.")
@click.option("--es-version", default=None, help="Elasticsearch version.")
def main(
    pictures: tuple[Path, ...],
    embedder: str,
    model: Path | None,
    without_opencv: bool,
    turned: bool,
    held_out: bool,
    most: int,
    cold: bool,
    duplicates: bool,
    es_version: str | None,
) -> None:
    """Print a table of what was found, what was wrong, and times; then the distances of the bridge set."""
    if without_opencv:
        patch.object(features, "available", return_value=False).start()
    folders = [photographs(folder) for folder in pictures]
    originals = {name: image for folder in folders for name, image in folder.items()}
    questions = _held_out(folders) if held_out else originals
    names = list(questions)
    questions = {name: questions[name] for name in names[:: -(-len(names) // most)]}
    version = EmbeddedNode(es_version=es_version).version
    console = Console(width=200)
    choice = {"embedder": "onnx", "embedder_model": str(model)} if model else {"embedder": embedder}
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
        if cold:
            console.print(_cold(node.url, Path(folder), questions.values()))
        _changes(console, es, engine, questions, len(originals), turned)
        for root in pictures:
            if (root / ORIGINAL).exists():
                es.index(index=INDEX, id=ORIGINAL, document=document((root / ORIGINAL).read_bytes()), refresh=True)
                console.print(_bridge(es, engine, root, len(originals) + 1))
                if ORIGINAL not in originals:
                    es.delete(index=INDEX, id=ORIGINAL, refresh=True)
        if duplicates:
            _duplicates(console, es, engine, originals)


def _held_out(folders: list[dict[str, Image.Image]]) -> dict[str, Image.Image]:
    everything = {name: image for folder in folders for name, image in folder.items()}
    looked_at = set(sorted(everything)[::2])
    for folder in folders[1:]:
        looked_at.update(sorted(folder)[::5], sorted(folder)[::7])
    return {name: everything[name] for name in sorted(everything) if name not in looked_at}


def _changes(
    console: Console,
    es: Elasticsearch,
    engine: Engine,
    originals: dict[str, Image.Image],
    stored: int,
    turned: bool,
) -> None:
    pairs = len(originals) * (stored - 1)
    table = Table(title=f"copies of {len(originals)} photographs among {stored}", title_justify="left")
    headings = ("hash", "near", "found", "first", f"wrong, of {pairs}", "p50 ms", "p95 ms", "p95 ms of CPU", "by")
    for heading in ("change", *headings):
        table.add_column(heading, justify="left" if heading in ("change", "by") else "right")
    totals: dict[str, list[Found]] = {"the ten changes": [], "all": []}
    for change, make in (CHANGES | PARTS).items():
        counts = asked(es, engine, _samples(engine, originals, make), turned)
        for name, hit, reason in counts.wrong:
            console.print(f"{change}: {name} is not {hit} ({reason})", highlight=False)
        _add(table, change, [counts], len(originals))
        print(change, counts.found, counts.near, len(originals), len(counts.wrong), flush=True)
        totals["all"].append(counts)
        if change in CHANGES:
            totals["the ten changes"].append(counts)
    for name, several in totals.items():
        _add(table, name, several, len(originals) * len(several))
    console.print(table)


def _cold(url: str, folder: Path, images: Iterable[Image.Image]) -> str:
    """What the command takes, with its start and everything that it asks."""
    file, times = folder / "corner.jpg", []
    command = [sys.executable, "-m", "ingest_image", "search", "--url", url, "--index", INDEX, "--near-duplicate"]
    for image in images:
        file.write_bytes(encoded(PARTS["corner of 80 %"](image), "JPEG", quality=90))
        start, before = time.perf_counter(), os.times()
        subprocess.run([*command, "--like", str(file)], check=True, stdout=subprocess.DEVNULL)
        after = os.times()
        times.append((time.perf_counter() - start, sum(after[2:4]) - sum(before[2:4])))
    (p50, cpu), (p95, _) = np.percentile(1000 * np.array(times), (50, 95), axis=0)
    return f"the command, {len(times)} times: p50 {p50:.0f} ms, p95 {p95:.0f} ms, p50 of CPU {cpu:.0f} ms"


def _add(table: Table, change: str, several: list[Found], copies: int) -> None:
    shares = [
        f"{100 * sum(getattr(counts, name) for counts in several) / copies:.1f} %"
        for name in ("by_hash", "near", "found", "first")
    ]
    clock = [1000 * value for counts in several for value in counts.seconds]
    computed = [1000 * value for counts in several for value in counts.computed]
    times = (np.percentile(clock, 50), np.percentile(clock, 95), np.percentile(computed, 95))
    wrong = str(sum(len(counts.wrong) for counts in several))
    reasons = sum((counts.reasons for counts in several), Counter[str]())
    by = ", ".join(f"{reason} {count}" for reason, count in reasons.most_common())
    table.add_row(change, *shares, wrong, *(f"{value:.0f}" for value in times), by)


def _samples(
    engine: Engine, originals: dict[str, Image.Image], make: Callable[[Image.Image], Image.Image]
) -> dict[str, Sample]:
    return {
        name: sample_of_open_file(engine, io.BytesIO(encoded(make(image), "JPEG", quality=90)), name)
        for name, image in originals.items()
    }


def _duplicates(console: Console, es: Elasticsearch, engine: Engine, originals: dict[str, Image.Image]) -> None:
    for change, make in (CHANGES | PARTS).items():
        for name, image in originals.items():
            data = encoded(make(image), "JPEG", quality=90)
            es.index(index=INDEX, id=f"{name}|{change}", document=document(data))
    es.indices.refresh(index=INDEX)
    stored = es.count(index=INDEX)["count"]
    for nearest in (0, 4):
        clock, processor = time.perf_counter(), time.process_time()
        clusters = find_clusters(engine, nearest=nearest)
        clock, processor = time.perf_counter() - clock, time.process_time() - processor
        joined = mixed = 0
        for keys in clusters:
            names = [id.partition("|")[0] for _, id in keys]
            joined += sum(id.partition("|")[0] in {other for _, other in keys} for _, id in keys if "|" in id)
            mixed += len({whole(name) for name in names}) > 1
        console.print(
            f"duplicates, nearest {nearest}: {stored} pictures, {clock:.0f} s ({processor:.0f} s of CPU), {len(clusters)} "
            f"clusters, {100 * joined / (stored - len(originals)):.1f} % of the copies with their original, {mixed} clusters "
            "of several files"
        )


def _bridge(es: Elasticsearch, engine: Engine, root: Path, k: int) -> Table:
    table = Table(
        title="the bridge set: bits from the original, its rank, what came before it, and whether it is a copy",
        title_justify="left",
    )
    for column in ("file", "bits", "rank", "before it", "copy"):
        table.add_column(column, justify="left" if column in ("file", "before it") else "right")
    for path in sorted((root / BRIDGE).glob("*.jpg")):
        sample = sample_of_open_file(engine, io.BytesIO(path.read_bytes()), path.name)
        found = by_hash(es, sample, k)
        rank = next(rank for rank, (id, _) in enumerate(found) if id == ORIGINAL)
        before = ", ".join(f"{id} ({bits})" for id, bits in found[:rank])
        hits = {hit.id: hit for hit in engine.search(Question(sample=sample, near_duplicates=True), 100).hits}
        copy = str(hits[ORIGINAL].reason) if ORIGINAL in hits else "missed"
        table.add_row(path.name, str(found[rank][1]), str(rank + 1), before, copy)
    return table


if __name__ == "__main__":
    main()
