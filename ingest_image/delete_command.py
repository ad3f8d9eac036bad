"""`ingest-image delete`: deletes the documents that a query finds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import click
from elasticsearch import ApiError, Elasticsearch, NotFoundError

from pipelines.cluster.bulks import BulkStopped
from pipelines.cluster.client import elasticsearch_options
from pipelines.cluster.reasons import reason_of
from pipelines.wording import counted, failures, shown

from .deleting import Deleted, delete_hits
from .search.engine import Engine
from .search.found.hits import hit_of
from .search.pages import Snapshot, snapshot
from .search.questions.question import UserError
from .search.selecting import selected, selection_options

_PAGE, _SHOWN = 1000, 10
# From the count to the answer, and from one page to the next.
_KEEP_ALIVE = "1h"
_NAMED = ["title", "file_name", "file_path"]


@click.command()
@click.option("--index", required=True, help="Indices to delete from; patterns are allowed.")
@elasticsearch_options
@selection_options
@click.option("--delete", "for_real", is_flag=True, help="Do it. Without this, only list what would be deleted.")
@click.option("--yes", is_flag=True, help="Do not ask before it is done.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def delete(
    client: Elasticsearch,
    index: str,
    query: str | None,
    filters: tuple[str, ...],
    for_real: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Delete the documents that --query and --filter find; without --delete, only say which.

    \b
    ingest-image delete --index images --filter label:receipt
    ingest-image delete --index images --query '_exists_:image.error.code' --delete

    A document that somebody writes meanwhile stays. Pictures in a store stay there until `ingest-image store clean`.
    """
    if not query and not filters:
        raise click.UsageError("say which documents with --query or --filter; --query '*' means all")
    engine, summary = Engine(client, index), Deleted()
    try:
        engine.require_index()
        wanted = selected(engine, query, filters)
        # What somebody writes from now on, also while the question waits for its answer, is not among it.
        with snapshot(engine, _KEEP_ALIVE) as state:
            found = state.search(query=wanted, size=_SHOWN, source_includes=_NAMED, track_total_hits=True)["hits"]
            count = int(found["total"]["value"])
            if not as_json or (for_real and not yes):
                for line in _first(found["hits"], count):
                    click.echo(line, err=as_json)
            if for_real and count:
                question = f"Delete {counted(count, 'document')} from {index}? They cannot be brought back"
                if not yes:
                    click.confirm(question, abort=True, err=as_json)
                _delete(client, state, wanted, summary)
    except UserError as error:
        raise click.ClickException(str(error)) from error
    except ApiError as error:
        if error.status_code != 400:
            raise
        raise click.ClickException(f"this cannot be searched for: {reason_of(error)}") from error
    documents = counted(count, "document")
    if as_json:
        click.echo(json.dumps({"documents": count, **asdict(summary)}))
    elif not for_real:
        click.echo(f"{documents} would be deleted{'; --delete does it' if count else ''}")
    else:
        click.echo(f"{summary.deleted} of {documents} deleted")
        if summary.changed:
            click.echo(f"{summary.changed} were written by somebody meanwhile, and stay")
        for line in failures([(one["id"], one["reason"]) for one in summary.failed]):
            click.echo(line)
    if summary.failed:
        raise SystemExit(1)


def _delete(client: Elasticsearch, state: Snapshot, wanted: dict[str, Any], summary: Deleted) -> None:
    """Delete what was counted, as it was counted."""
    found = state.pages(wanted, _PAGE, source=False, seq_no_primary_term=True)
    try:
        delete_hits(client, (hit for page in found for hit in page), summary)
    except BulkStopped as error:
        raise click.ClickException(f"{error}; {summary.deleted} were deleted") from error
    except NotFoundError as error:
        raise click.ClickException(
            f"what was counted is not known any more, as it took longer than {_KEEP_ALIVE}, or an index is gone; "
            f"{summary.deleted} were deleted: the same command counts the others"
        ) from error


def _first(hits: list[dict[str, Any]], count: int) -> Iterator[str]:
    for raw in hits:
        hit = hit_of(raw)
        yield "  ".join(shown(text) for text in (f"{hit.index}/{hit.id}", hit.title, hit.path) if text)
    if count > len(hits):
        yield f"and {count - len(hits)} more"
