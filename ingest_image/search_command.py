"""`ingest-image search`: searches for the question of a command line, and prints the hits."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, replace
from typing import Any

import click
from elasticsearch import Elasticsearch
from rich.console import Console

from pipelines.cluster.client import elasticsearch_options
from pipelines.resources import DEFAULT_PIPELINE
from pipelines.wording import well_formed

from .defaults import GALLERY_PORT
from .search.comparing.hashes import BITS, SAME_PICTURE
from .search.engine import Engine, Results
from .search.found.table import answer_table, facets_table
from .search.person import find_person
from .search.questions.colors import DEFAULT_DISTANCE, ColorWish, parse_color
from .search.questions.filters import Filters, parse_filters
from .search.questions.order import Order
from .search.questions.person_query import SAME_PERSON
from .search.questions.question import Question, UserError
from .search.sampling import find_sample

_PAGE, _MOST = 20, 1000


@click.command()
@click.argument("words", nargs=-1)
@click.option("--index", default="images*", show_default=True, help="Indices to search; patterns are allowed.")
@elasticsearch_options
@click.option("--like", metavar="FILE|ID", help="Find pictures like this file, or like this stored document.")
@click.option("--near-duplicate", is_flag=True, help="Find only copies of --like: exact, or the same picture changed.")
@click.option(
    "--distance",
    type=click.IntRange(0, BITS),
    default=SAME_PICTURE,
    show_default=True,
    help="Bits of the hash in which a copy may differ.",
)
@click.option("--turned", is_flag=True, help="Also find turned and mirrored copies of --like.")
@click.option(
    "--same-person",
    metavar="FILE|ID",
    help="Find the other pictures of the person whose face is the largest in this file or stored document.",
)
@click.option(
    "--face-distance",
    type=click.FloatRange(0, 2),
    default=SAME_PERSON,
    show_default=True,
    help="How far apart two faces of one person may be; a smaller value finds fewer, and fewer strangers.",
)
@click.option(
    "--color", "colors", multiple=True, help="A colour that must be in the picture: teal, #ff6600; may be repeated."
)
@click.option(
    "--color-distance",
    type=click.FloatRange(0, 100),
    default=DEFAULT_DISTANCE,
    show_default=True,
    help="How far a #colour may be off; a difference of 2 is just visible.",
)
@click.option(
    "--color-share",
    type=click.FloatRange(0, 1),
    default=0.0,
    show_default=True,
    help="The smallest part of the picture that must have the colour.",
)
@click.option("--label", "labels", multiple=True, metavar="WORD", help="What is shown: cat, vehicle; may be repeated.")
@click.option("--faces", metavar="HOW-MANY", help="Faces in the picture: none, one, several, 3, 2..5.")
@click.option(
    "--plate",
    metavar="NUMBER",
    help="A number plate, also as it may be misread (O for 0); 'RK*' finds what begins with RK.",
)
@click.option("--text", "with_text", is_flag=True, help="Only pictures in which text was recognized.")
@click.option(
    "--filter",
    "filters",
    multiple=True,
    metavar="FIELD:VALUE",
    help="Values of fields (docs/search.md); may be repeated: values of one facet are alternatives.",
)
@click.option(
    "--pipeline",
    help=f"The pipeline that describes a file given to --like ({DEFAULT_PIPELINE} by default) or --same-person (that "
    "of the index).",
)
@click.option(
    "--facets", "with_facets", is_flag=True, help="Also count all hits by label, faces, text, plate, colour, ..."
)
@click.option(
    "--order",
    type=click.Choice([order.value for order in Order]),
    default=Order.DEFAULT.value,
    show_default=True,
    help="Best first (without words, colour and picture: newest); or newest stored, newest taken, largest file first.",
)
@click.option("--size", type=click.IntRange(1, _MOST), default=_PAGE, show_default=True, help="Hits on a page.")
@click.option("--after", metavar="CURSOR", help="The next page: the cursor at the end of the page before.")
@click.option("--all", "show_all", is_flag=True, help="All hits instead of a page.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--open", "open_page", is_flag=True, help="Show the hits in the gallery instead.")
@click.option(
    "--gallery-port", type=click.IntRange(1, 65535), default=GALLERY_PORT, show_default=True, help="For --open."
)
def search(
    client: Elasticsearch,
    index: str,
    with_facets: bool,
    size: int,
    after: str | None,
    show_all: bool,
    as_json: bool,
    open_page: bool,
    gallery_port: int,
    **options: Any,
) -> None:
    """Find stored pictures by words, likeness, colour, and the values of their fields.

    \b
    ingest-image search lake AND landscape
    ingest-image search --like photo.jpg --near-duplicate --turned
    ingest-image search --same-person photo.jpg --filter taken:2020
    ingest-image search --color '#82acd8' --filter taken:2022 --filter 'sharpness:>=0.5'
    ingest-image search --label cat --faces none
    ingest-image search --plate 'B-XY 1234'
    """
    asked = _Asked(**options)
    asked.check(open_page)
    if open_page and (after or show_all or as_json or with_facets):
        raise click.UsageError(
            "--open shows the hits on a page, with facets: leave out --after, --all, --json and --facets"
        )
    engine = Engine(client, index)
    try:
        engine.require_index()
    except UserError as error:
        raise click.ClickException(str(error)) from error
    try:
        wishes = tuple(parse_color(color, asked.color_distance, asked.color_share) for color in asked.colors)
        clauses = parse_filters(asked.all_filters(), engine.filterable)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    if open_page:
        _open(client, index, gallery_port, asked, size)
        return
    try:
        question, about = asked.question(engine, wishes, clauses)
        results = engine.search(question, _MOST if show_all else size, after, with_facets=with_facets)
        if show_all:
            results = _with_all(engine, question, results)
    except UserError as error:
        raise click.ClickException(str(error)) from error
    results = replace(results, note="; ".join(filter(None, (about, results.note))))
    _print(results, as_json, with_reason=bool(question.sample or question.person))


def _with_all(engine: Engine, question: Question, first: Results) -> Results:
    """The first page with the hits of all following ones."""
    hits, following, notes = list(first.hits), first.next, {first.note: None}
    while following:
        page = engine.search(question, _MOST, following)
        hits, following = hits + page.hits, page.next
        notes[page.note] = None
    return replace(first, hits=hits, total=len(hits), next=None, note="; ".join(filter(None, notes)))


@dataclass(frozen=True)
class _Asked:
    """The options that say what is searched for, by the names that they have above."""

    words: tuple[str, ...]
    like: str | None
    near_duplicate: bool
    distance: int
    turned: bool
    same_person: str | None
    face_distance: float
    colors: tuple[str, ...]
    color_distance: float
    color_share: float
    labels: tuple[str, ...]
    faces: str | None
    plate: str | None
    with_text: bool
    filters: tuple[str, ...]
    pipeline: str | None
    order: str

    def check(self, open_page: bool) -> None:
        """Raise UsageError for an option that says nothing without another one, or that excludes another one."""
        if (self.near_duplicate or self.turned) and not self.like:
            raise click.UsageError("near duplicates of what? --near-duplicate and --turned need --like")
        if self.distance != SAME_PICTURE and not self.like:
            raise click.UsageError("how far from what? --distance needs --like")
        if (self.color_share or self.color_distance != DEFAULT_DISTANCE) and not self.colors:
            raise click.UsageError("of which colour? --color-share and --color-distance need --color")
        if self.same_person and (self.like or open_page):
            raise click.UsageError(f"--same-person cannot be combined with {'--like' if self.like else '--open'}")
        if self.face_distance != SAME_PERSON and not self.same_person:
            raise click.UsageError("how far from whose face? --face-distance needs --same-person")

    def all_filters(self) -> tuple[str, ...]:
        """Those of --filter, and those for which there are short options. The page has no others."""
        labels = tuple(f'label:"{label}"' for label in self.labels)
        text = ("text:some",) if self.with_text else ()
        given = (("faces", self.faces), ("plate", self.plate))
        return (*self.filters, *labels, *text, *(f"{name}:{value}" for name, value in given if value is not None))

    def question(self, engine: Engine, colors: tuple[ColorWish, ...], filters: Filters) -> tuple[Question, str]:
        """The question, and what is to be said about the person in it. Raises UserError."""
        sample = find_sample(engine, self.like, self.pipeline or DEFAULT_PIPELINE) if self.like else None
        person, about = find_person(engine, self.same_person, self.pipeline) if self.same_person else (None, "")
        question = Question(
            well_formed(" ".join(self.words)),
            sample=sample,
            person=person,
            face_distance=self.face_distance,
            near_duplicates=self.near_duplicate,
            distance=self.distance,
            turned=self.turned,
            colors=colors,
            filters=filters,
            order=Order(self.order),
        )
        return question, about


def _open(client: Elasticsearch, index: str, port: int, asked: _Asked, size: int) -> None:
    """Show the hits in the gallery."""
    # Only here, as the page brings a web server along.
    from .gallery.launch import open_gallery
    from .gallery.page_query import PICKED_DISTANCE, PageQuery

    query = PageQuery(
        words=well_formed(" ".join(asked.words)),
        near=asked.near_duplicate,
        turned=asked.turned,
        distance=asked.distance,
        colors=asked.colors,
        color_distance=asked.color_distance if asked.colors else PICKED_DISTANCE,
        color_share=asked.color_share if asked.colors else 0.0,
        filters=asked.all_filters(),
        order=Order(asked.order),
        size=size if size != _PAGE else None,
    )
    open_gallery(client, index, port, query, like=asked.like, pipeline=asked.pipeline or DEFAULT_PIPELINE)


def _print(results: Results, as_json: bool, with_reason: bool) -> None:
    if results.note:
        click.echo(f"note: {results.note}", err=True)
    if as_json:
        found = [hit.as_json() for hit in results.hits]
        said: dict[str, Any] = {"total": results.total, "hits": found, "after": results.next}
        if results.facets.counts:
            said["facets"] = {name: dict(counts) for name, counts in results.facets.counts.items()}
        click.echo(json.dumps(said, ensure_ascii=False))
        return
    if not results.hits:
        click.echo("nothing found")
        return
    # Without a terminal there is no width to fit.
    console = Console(width=None if sys.stdout.isatty() else 200)
    console.print(answer_table(results.hits, with_reason, console.width))
    if results.facets.counts:
        console.print()
        console.print(facets_table(results.facets))
    shown = len(results.hits)
    click.echo(f"\n{shown} of {results.total}" if shown < results.total else f"\n{shown} found")
    if results.next:
        click.echo(f"more: --after {results.next}")
