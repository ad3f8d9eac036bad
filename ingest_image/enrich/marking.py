"""Marks as pending what stored pictures lack, or what an older model made of them."""

from __future__ import annotations

from contextlib import suppress

import click
from elasticsearch import AuthorizationException, Elasticsearch

from pipelines.cluster.makers import Maker, stale_query
from pipelines.wording import counted, failures

from ..reprocess.bounds import Bounds
from ..reprocess.command import run_selected
from ..reprocess.job import plan
from ..reprocess.selection import Selection
from .log import Log


def mark(client: Elasticsearch, index: str, selection: Selection, max_bulk_bytes: int, log: Log) -> None:
    """Mark the selected documents of an index, none of them twice, and say how many are left alone.

    What was added has the recipe of now, what an older model made is pending: so a killed run needs no state. Raises
    ClickException.
    """
    bounds = Bounds(dry_run=False, max_bulk_bytes=max_bulk_bytes, state_file=None, restart=True, stateless=True)
    log("marking", f"looking for documents of {index} to mark: their pictures stay as they are", index=index)

    def tell(done: int, total: int) -> None:
        log("marking", f"{done} of {counted(total, 'document')} of {index} marked", documents=done, of=total)

    report = run_selected(client, index, selection, bounds, quiet=True, tell=tell)
    assert report is not None
    log("marked", f"{counted(report.written, 'document')} of {index} marked", index=index, documents=report.written)
    if report.failed:
        raise click.ClickException("\n".join(failures(report.failed)))
    with suppress(AuthorizationException):
        # What was marked just now is not to be counted.
        client.indices.refresh(index=index)
    others = sum(
        client.count(index=job.index, query=stale_query(target, Maker(maker.recipe))).body["count"]
        for job in plan(client, index, None, Selection(stale=True))
        for target, maker in job.makers.items()
    )
    if others:
        # To name the rest leaves the pictures as they are, so it is said first.
        more = (
            "that differs in more than these properties: name all that are new, or "
            if selection.added
            else "of another time: "
        )
        sentence = (
            f"{counted(others, 'document')} of {index} made by a recipe {more}"
            f"ingest-image reprocess {index} --stale makes their pictures again"
        )
        log("left", sentence, index=index, documents=others)
