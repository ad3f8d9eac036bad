"""`ingest-image duplicates`: lists the near duplicates of an index."""

from __future__ import annotations

import json
import sys

import click
from elasticsearch import Elasticsearch
from rich.console import Console
from rich.progress import Progress, TextColumn

from pipelines.cluster.client import elasticsearch_options
from pipelines.cluster.sources import value_at
from pipelines.wording import counted

from ..index_option import index_option
from ..search.copies import confirmed
from ..search.engine import Engine
from ..search.hashes import BITS, SAME_PICTURE
from ..search.hits import Hit, as_copy, compared
from ..search.question import UserError
from ..search.reasons import Reason
from ..search.sample import Sample, sample_of
from ..search.table import answer_table
from .clusters import described, find_clusters
from .near_pairs import MAX_DISTANCE

# Of a cluster, that many are laid over its first picture to say what they share.
_LAID_OVER = 100


@click.command()
@index_option
@elasticsearch_options
@click.option(
    "--distance",
    type=click.IntRange(0, MAX_DISTANCE),
    default=SAME_PICTURE,
    show_default=True,
    help="Bits of the hash in which copies may differ.",
)
@click.option("--turned", is_flag=True, help="Also find turned and mirrored copies; eight times the work.")
@click.option(
    "--nearest",
    type=click.IntRange(0, 100),
    default=4,
    show_default=True,
    help="Of each picture, compare the pixels with those of so many that look most like it; 0: only hashes.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON for each cluster.")
def duplicates(client: Elasticsearch, index: str, distance: int, turned: bool, nearest: int, as_json: bool) -> None:
    """List clusters of near duplicates of a whole INDEX, the largest picture of each first.

    Nothing is changed: you decide what to keep.
    """
    engine = Engine(client, index)
    try:
        engine.require_index()
    except UserError as error:
        raise click.ClickException(str(error)) from error
    progress_console = Console(stderr=True)
    columns = (TextColumn("{task.completed} pictures {task.description}"),)
    with Progress(*columns, console=progress_console, disable=not progress_console.is_terminal) as progress:
        tasks = {what: progress.add_task(what, total=None) for what in ("read", "compared")[: 1 + bool(nearest)]}

        def tick(what: str, count: int) -> None:
            progress.advance(tasks[what], count)

        clusters = find_clusters(engine, distance, turned, nearest, tick)
    console = Console(width=None if sys.stdout.isatty() else 200)
    for number, keys in enumerate(clusters, 1):
        # Nobody reads more than a few hundred copies of one picture.
        hits = with_overlaps(engine, with_reasons(described(client, keys[:500]), distance, turned))
        if as_json:
            click.echo(json.dumps({"count": len(keys), "documents": [short(hit) for hit in hits]}, ensure_ascii=False))
            continue
        console.print(f"[bold]Cluster {number}[/bold], {len(keys)} pictures", highlight=False)
        console.print(answer_table(hits, with_reason=True))
        console.print()
    if not as_json:
        members = counted(sum(map(len, clusters)), "picture")
        click.echo(f"{counted(len(clusters), 'cluster')}, {members}" if clusters else "no duplicates")


def with_reasons(hits: list[Hit], distance: int, turned: bool) -> list[Hit]:
    """The hits, each compared with the first. A neighbour's neighbour can be farther away than `distance`."""
    if not hits:
        return []
    first = hits[0]
    sample = sample_of(first.id, value_at(first.source, "image"))
    # With all bits, so that the distance of a neighbour's neighbour is known, too.
    rest = [compared(hit, sample, BITS, turned) for hit in hits[1:]]
    return [first, *(hit if hit.reason else _neighbour(hit) for hit in rest)]


def with_overlaps(engine: Engine, hits: list[Hit]) -> list[Hit]:
    """The hits, those that were joined by their pixels with what they share with the first."""
    unknown = [hit.key for hit in hits if hit.reason is Reason.NEIGHBOUR][:_LAID_OVER]
    if not unknown:
        return hits
    sample = Sample(hits[0].id, identity=hits[0].key)
    found = confirmed(engine.client, sample, unknown)
    return [as_copy(hit, found[hit.key]) if hit.key in found else hit for hit in hits]


def _neighbour(hit: Hit) -> Hit:
    return Hit(hit.index, hit.id, hit.source, hit.score, Reason.NEIGHBOUR, hit.distance, hit.turn)


def short(hit: Hit) -> dict[str, object]:
    """What a program needs to decide which document to keep."""
    picture = hit.first
    about: dict[str, object] = {"width": picture.width, "height": picture.height, "bytes": picture.bytes}
    about |= {"format": picture.format or None, "sha256": picture.sha256}
    found: dict[str, object] = {"reason": hit.reason, "distance": hit.distance, "turn": hit.turn}
    found["overlap"] = hit.overlap.as_json() if hit.overlap else None
    return {
        "_index": hit.index,
        "_id": hit.id,
        "title": hit.title,
        **({"file_path": hit.path} if hit.path else {}),
        **about,
        **{key: value for key, value in found.items() if value is not None},
    }
