"""`ingest-image reprocess`: runs stored documents through their pipeline again."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import click
from elasticsearch import AuthorizationException, Elasticsearch, NotFoundError

from pipelines.cluster.bulks import BulkStopped
from pipelines.cluster.client import elasticsearch_options
from pipelines.wording import counted, failures, shown

from ..index_option import index_option
from ..indexing.command import require_pipeline
from ..search.selecting import query_option
from . import state as states
from .bounds import Bounds, bounds_options
from .job import IndexJob, pipeline_fingerprints, plan, wait_for_earlier_bulks
from .run import Run
from .selection import Selection
from .writer import ReprocessReport


@click.command()
@index_option
@elasticsearch_options
@query_option
@click.option("--errors", is_flag=True, help="Only documents that were stored with an error.")
@click.option(
    "--stale",
    is_flag=True,
    help="Only pictures made by another recipe, or vectors by another embedder, than the pipeline has now.",
)
@click.option("--unprocessed", is_flag=True, help="Only pictures that have neither all fields nor an error.")
@click.option("--pending", is_flag=True, help="Only pictures to which properties are still to be added; adds them.")
@click.option("--pipeline", help="Ingest pipeline. Default: the one of the index.")
@bounds_options
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def reprocess(
    client: Elasticsearch,
    index: str,
    query: str | None,
    errors: bool,
    stale: bool,
    unprocessed: bool,
    pending: bool,
    pipeline: str | None,
    bounds: Bounds,
    as_json: bool,
) -> None:
    """Run the documents of INDEX through their pipeline again: all, or those that the options select.

    The same command continues a run that was interrupted. A document that somebody writes meanwhile is left alone.
    """
    selection = Selection(query, errors, unprocessed, stale, pending)
    report = run_selected(client, index, selection, bounds, pipeline=pipeline, quiet=as_json)
    if as_json and report is not None:
        click.echo(json.dumps(report.as_json()))
    if report is not None and report.failed:
        raise SystemExit(1)


def run_selected(
    client: Elasticsearch,
    index: str,
    selection: Selection,
    bounds: Bounds,
    *,
    pipeline: str | None = None,
    quiet: bool = False,
    report: ReprocessReport | None = None,
    tell: Callable[[int, int], None] = lambda done, total: click.echo(f"{done} of {total} done", err=True),
) -> ReprocessReport | None:
    """Run the selected documents through their pipeline; returns what happened, None for a dry run.

    `quiet`: without the summary, and a dry run prints JSON. `report` counts on. `tell` is as for `Run.all`. Raises
    ClickException.
    """
    jobs = _jobs(client, index, pipeline, selection)
    key = states.key_of(
        cluster=client.info().body["cluster_uuid"],
        index=index,
        queries={job.index: job.query for job in jobs},
        pipeline=pipeline,
        pipelines=pipeline_fingerprints(client, jobs),
    )
    path = None if bounds.stateless else bounds.state_file or states.default_path(key)
    known = states.load(path, key) if path and not bounds.restart else None
    state = known or states.State(key)
    if known:
        begun = time.strftime("%Y-%m-%d %H:%M", time.localtime(state.begun))
        click.echo(f"continuing the run that began at {begun}; --restart starts again", err=True)
        wait_for_earlier_bulks(client, state, lambda sentence: click.echo(sentence, err=True))
    for job in jobs:
        state.limits(client, job.index, job.uuid)
        _refresh(client, job.index)
    run = Run(client.options(opaque_id=state.run_id), jobs, state, pipeline, bounds.max_bulk_bytes, report)
    if bounds.dry_run:
        _dry_run(jobs, run.totals, as_json=quiet)
        return None
    if path:
        states.save(path, state)
    try:
        run.all(tell)
    except BulkStopped as error:
        raise click.ClickException(f"{error}; the same command continues") from error
    finally:
        if not quiet:
            _summarize(run.report, sum(run.totals))
    if path and not run.report.failed:
        # Otherwise the next run tries what failed.
        path.unlink(missing_ok=True)
    return run.report


def _jobs(client: Elasticsearch, index: str, pipeline: str | None, selection: Selection) -> list[IndexJob]:
    try:
        jobs = plan(client, index, pipeline, selection)
    except NotFoundError as error:
        raise click.ClickException(f"there is no index {index}") from error
    if not jobs:
        raise click.ClickException(f"there is no index {index}")
    for job in jobs:
        require_pipeline(client, job.index, pipeline)
    return jobs


def _refresh(client: Elasticsearch, index: str) -> None:
    """Make the last writes visible to searches; without the privilege, they become visible a little later."""
    try:
        client.indices.refresh(index=index)
    except AuthorizationException:
        return


def _dry_run(jobs: list[IndexJob], totals: list[int], *, as_json: bool) -> None:
    if as_json:
        indices = [
            {
                "index": job.index,
                "documents": total,
                "pipelines": list(job.pipelines),
                "recipes": {target: maker.recipe for target, maker in job.makers.items()},
            }
            for job, total in zip(jobs, totals, strict=True)
        ]
        click.echo(json.dumps({"documents": sum(totals), "indices": indices}))
        return
    for job, total in zip(jobs, totals, strict=True):
        only = ", if they hold a picture" if job.fields is not None and not job.makers else ""
        recipes = "".join(f"; recipe of {target} now: {maker.recipe}" for target, maker in job.makers.items())
        through = ", ".join(job.pipelines)
        click.echo(f"{job.index}: {counted(total, 'document')} would go through {through}{only}{recipes}")


def _summarize(report: ReprocessReport, total: int) -> None:
    click.echo(f"{report.written} of {total} written")
    if report.unchanged:
        click.echo(f"{report.unchanged} of these unchanged")
    if report.without_picture:
        click.echo(f"{report.without_picture} hold no picture to process again, and were left alone")
    if report.unprocessed:
        click.echo(
            f"{report.unprocessed} still hold a picture that was not processed: does a processor image of the pipeline "
            "read the field that it is in?"
        )
    if report.changed:
        click.echo(f"{report.changed} were written or deleted by somebody meanwhile, and left alone")
    if report.errors:
        counts = ", ".join(f"{count} {shown(code)}" for code, count in report.errors.most_common())
        click.echo(f"{report.errors.total()} have an error instead of fields: {counts}")
    for line in failures(report.failed):
        click.echo(line)
