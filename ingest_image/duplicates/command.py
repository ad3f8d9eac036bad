"""`ingest-image duplicates`: lists the near duplicates of an index."""

from __future__ import annotations

import json
import sys

import click
from elasticsearch import Elasticsearch
from rich.console import Console
from rich.progress import Progress, TextColumn

from pipelines.cluster.client import elasticsearch_options
from pipelines.wording import counted

from ..index_option import index_option
from ..search.comparing.hashes import SAME_PICTURE
from ..search.engine import Engine
from ..search.found.hits import Hit
from ..search.found.table import answer_table
from ..search.questions.question import UserError
from .clusters import find_clusters
from .members import members
from .near_pairs import MAX_DISTANCE


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
@click.option("--turned", is_flag=True, help="Also find turned and mirrored copies; takes about six times as long.")
@click.option(
    "--nearest",
    type=click.IntRange(0, 100),
    default=4,
    show_default=True,
    help="For each picture, compare pixels with this many others that look most like it; 0: only hashes.",
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
        hits = members(engine, keys[:500], distance, turned)
        if as_json:
            click.echo(json.dumps({"count": len(keys), "documents": [short(hit) for hit in hits]}, ensure_ascii=False))
            continue
        console.print(f"[bold]Cluster {number}[/bold], {len(keys)} pictures", highlight=False)
        console.print(answer_table(hits, with_reason=True, width=console.width))
        console.print()
    if not as_json:
        pictures = counted(sum(map(len, clusters)), "picture")
        click.echo(f"{counted(len(clusters), 'cluster')}, {pictures}" if clusters else "no duplicates")


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
