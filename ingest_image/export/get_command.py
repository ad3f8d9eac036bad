"""`ingest-image get`: writes a stored picture to standard output."""

from __future__ import annotations

import sys

import click
from elasticsearch import Elasticsearch

from pipelines.cluster.client import elasticsearch_options
from pipelines.wording import counted, well_formed

from ..search.engine import Engine
from ..search.found.hits import hit_of
from ..search.questions.question import UserError
from ..search.sampling import stored
from .bytes import BYTES, PictureBytes


@click.command()
@click.argument("id")
@click.option("--index", default="images*", show_default=True, help="Indices to look in; patterns are allowed.")
@elasticsearch_options
@click.option(
    "--number",
    type=click.IntRange(1, 10_000),
    default=1,
    show_default=True,
    help="Which picture of a document with several.",
)
def get(client: Elasticsearch, id: str, index: str, number: int) -> None:
    """Write the stored picture of the document ID to standard output.

    \b
    ingest-image get flower > flower.jpg

    A picture in a store is read from there: set IMAGE_STORE_URL as the service has it. An ID that begins with a dash,
    as some do that Elasticsearch makes, comes after --: `ingest-image get -- -Qx3 > flower.jpg`.
    """
    if sys.stdout.isatty():
        raise click.UsageError("a terminal cannot show a picture: write it to a file with > FILE")
    engine = Engine(client, index)
    try:
        engine.require_index()
        pictures = hit_of(stored(engine, well_formed(id), also="", source_includes=[*BYTES, "image.error"])).pictures
        if len(pictures) < number:
            raise UserError(f"the document {id} has {counted(len(pictures), 'picture')}")
        data = PictureBytes().of(pictures[number - 1])
    except UserError as error:
        raise click.ClickException(str(error)) from error
    sys.stdout.buffer.write(data)
