"""`ingest-image search`: asks the question of a command line, and prints the answers."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from typing import Any

import click
from elasticsearch import Elasticsearch
from rich.console import Console

from pipelines.cluster.client import elasticsearch_options
from pipelines.resources import DEFAULT_PIPELINE
from pipelines.wording import well_formed

from .defaults import GALLERY_PORT
from .search.colors import DEFAULT_DISTANCE, parse_color
from .search.engine import Answer, Engine
from .search.filters import parse_filter
from .search.hashes import BITS, SAME_PICTURE
from .search.look import look
from .search.question import Question, UserError
from .search.table import answer_table

_PAGE = 20


@click.command()
@click.argument("words", nargs=-1)
@click.option("--index", default="images*", show_default=True, help="indices to search, patterns too")
@elasticsearch_options
@click.option("--like", metavar="FILE|ID", help="pictures like this file, or like this stored document")
@click.option("--near-duplicate", is_flag=True, help="only copies of --like: exact, or the same picture changed")
@click.option(
    "--distance",
    type=click.IntRange(0, BITS),
    default=SAME_PICTURE,
    show_default=True,
    help="bits of the hash in which a copy may differ",
)
@click.option("--turned", is_flag=True, help="turned and mirrored copies of --like too")
@click.option("--color", "colors", multiple=True, help="contains this colour: teal, #ff6600; may be repeated")
@click.option(
    "--color-distance",
    type=click.FloatRange(0, 100),
    default=DEFAULT_DISTANCE,
    show_default=True,
    help="how far a #colour may be off; 2 can just be seen",
)
@click.option(
    "--color-share",
    type=click.FloatRange(0, 1),
    default=0.0,
    show_default=True,
    help="the least part of the picture that has the colour",
)
@click.option("--filter", "filters", multiple=True, metavar="FIELD:VALUE", help="may be repeated, see docs/search.md")
@click.option("--pipeline", default=DEFAULT_PIPELINE, show_default=True, help="what describes a file given to --like")
@click.option("--size", type=click.IntRange(1, 1000), default=_PAGE, show_default=True, help="answers on a page")
@click.option("--after", metavar="MARK", help="the next page: the mark that the page before ends with")
@click.option("--json", "as_json", is_flag=True, help="print JSON")
@click.option("--open", "open_page", is_flag=True, help="show the answers on the gallery page instead")
@click.option("--gallery-port", type=click.IntRange(1, 65535), default=GALLERY_PORT, show_default=True)
def search(
    client: Elasticsearch,
    words: tuple[str, ...],
    index: str,
    like: str | None,
    near_duplicate: bool,
    distance: int,
    turned: bool,
    colors: tuple[str, ...],
    color_distance: float,
    color_share: float,
    filters: tuple[str, ...],
    pipeline: str,
    size: int,
    after: str | None,
    as_json: bool,
    open_page: bool,
    gallery_port: int,
) -> None:
    """Find stored pictures by words, by likeness, by colour, by what they share.

    \b
    ingest-image search lake AND landscape
    ingest-image search --like photo.jpg --near-duplicate --turned
    ingest-image search --color '#ff6600' --filter taken:2020 --filter 'sharpness:>=0.5'
    """
    engine = Engine(client, index)
    if (near_duplicate or turned) and not like:
        raise click.UsageError("near duplicates of what? --near-duplicate and --turned need --like")
    if distance != SAME_PICTURE and not like:
        raise click.UsageError("how far from what? --distance needs --like")
    if (color_share or color_distance != DEFAULT_DISTANCE) and not colors:
        raise click.UsageError("of which colour? --color-share and --color-distance need --color")
    try:
        wishes = tuple(parse_color(color, color_distance, color_share) for color in colors)
        clauses = tuple(parse_filter(text, engine.schema) for text in filters)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    if open_page:
        if after or as_json:
            raise click.UsageError(
                "--open shows the answers on a page, from the first on: leave out --after and --json"
            )
        from .gallery.opening import open_gallery

        asked: list[tuple[str, Any]] = [("q", well_formed(" ".join(words))), ("near", "1" if near_duplicate else "")]
        asked += [("turned", "1" if turned else ""), ("distance", str(distance) if distance != SAME_PICTURE else "")]
        asked += [("color", color) for color in colors] + [("f", text) for text in filters]
        # On the page a colour is picked by eye, and may be farther off when nothing is said.
        asked += [("color_distance", f"{color_distance:g}" if colors else "")]
        asked += [("color_share", f"{color_share:g}" if colors and color_share else "")]
        asked += [("size", str(size) if size != _PAGE else "")]
        open_gallery(client, index, gallery_port, asked, like=like, pipeline=pipeline)
        return
    try:
        sample = look(engine, like, pipeline) if like else None
        question = Question(well_formed(" ".join(words)), sample, near_duplicate, distance, turned, wishes, clauses)
        answer = engine.search(question, size, after)
    except UserError as error:
        raise click.ClickException(str(error)) from error
    if not engine.schema.indices:
        answer = replace(answer, note=f"there is no index {index}")
    _print(answer, as_json, with_reason=sample is not None)


def _print(answer: Answer, as_json: bool, with_reason: bool) -> None:
    if answer.note:
        click.echo(f"note: {answer.note}", err=True)
    if as_json:
        found = [hit.as_json() for hit in answer.hits]
        click.echo(json.dumps({"total": answer.total, "hits": found, "after": answer.next}, ensure_ascii=False))
        return
    if not answer.hits:
        click.echo("nothing found")
        return
    # Without a terminal there is no width to keep to.
    console = Console(width=None if sys.stdout.isatty() else 200)
    console.print(answer_table(answer.hits, with_reason))
    shown = len(answer.hits)
    click.echo(f"\n{shown} of {answer.total}" if shown < answer.total else f"\n{shown} found")
    if answer.next:
        click.echo(f"more: --after {answer.next}")
