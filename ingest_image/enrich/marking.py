"""Marks as pending what stored pictures lack, or what an older model made of them."""

from __future__ import annotations

import threading
from contextlib import suppress
from functools import partial

import click
from elasticsearch import AuthorizationException, Elasticsearch

from pipelines.cluster.bulks import BulkStopped
from pipelines.cluster.makers import Maker, stale_query
from pipelines.wording import counted, failures

from ..reprocess.bounds import Bounds
from ..reprocess.command import run_selected
from ..reprocess.job import plan
from ..reprocess.selection import Selection
from ..reprocess.writer import ReprocessReport
from .follow import GivenUp, when_there
from .log import Log

# Elasticsearch was busy; 500 is also what got no answer.
_WAITED_FOR = {429, 500, 502, 503, 504}


def mark(client: Elasticsearch, index: str, selection: Selection, max_bulk_bytes: int, log: Log) -> list[str]:
    """Mark the selected documents of an index, none of them twice, and say how many are left alone.

    Returns lines about those that cannot be marked: the others are not to wait for them.

    What was added has the recipe of now, what an older model made is pending: so a killed run needs no state, and when
    Elasticsearch is busy or away, it is begun again. Raises ClickException.
    """
    # A signal ends it at once.
    report, stop = ReprocessReport(), threading.Event()

    def marked() -> str:
        _mark(client, index, selection, max_bulk_bytes, log, report)
        return ""

    try:
        when_there(client, marked, log, stop, progress=lambda: report.written)
        log("marked", f"{counted(report.written, 'document')} of {index} marked", index=index, documents=report.written)
        _tell_others(client, index, selection, log, stop)
    except (GivenUp, BulkStopped) as error:
        raise click.ClickException(f"not everything is marked: {error}; the same command continues") from error
    return failures(report.failed)


def _mark(
    client: Elasticsearch, index: str, selection: Selection, max_bulk_bytes: int, log: Log, report: ReprocessReport
) -> None:
    """Mark what is not marked yet. Raises BulkStopped for what is to be waited for, and as `run_selected`."""
    report.failed.clear()
    report.statuses.clear()
    bounds = Bounds(dry_run=False, max_bulk_bytes=max_bulk_bytes, state_file=None, restart=True, stateless=True)
    log("marking", f"looking for documents of {index} to mark: their pictures stay as they are", index=index)

    def tell(done: int, total: int) -> None:
        log("marking", f"{done} of {counted(total, 'document')} of {index} marked", documents=done, of=total)

    run_selected(client, index, selection, bounds, quiet=True, report=report, tell=tell)
    if busy := report.statuses.keys() & _WAITED_FOR:
        raise BulkStopped(report.failed[-1][1], min(busy))


def _tell_others(client: Elasticsearch, index: str, selection: Selection, log: Log, stop: threading.Event) -> None:
    try:
        when_there(client, partial(_told_others, client, index, selection, log), log, stop)
    except click.ClickException as error:
        # A pipeline may want more than the test picture that tells its recipe.
        sentence = f"how many documents of {index} were made by other recipes is not known: {error.message}"
        log("left", sentence, index=index)


def _told_others(client: Elasticsearch, index: str, selection: Selection, log: Log) -> str:
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
    return ""
