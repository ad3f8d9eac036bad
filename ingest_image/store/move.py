"""`ingest-image store move`: moves the pictures of documents into the store, or back."""

from __future__ import annotations

import json
from typing import Any

import click
from elasticsearch import ApiError, Elasticsearch

from pipelines.cluster.client import elasticsearch_options
from pipelines.cluster.index_pipelines import pipelines_of, settings_by_index
from pipelines.wording import shown

from ..index_option import index_option
from ..reprocess.bounds import Bounds, bounds_options
from ..reprocess.command import run_selected
from ..reprocess.selection import Selection
from .opened import say


@click.command()
@index_option
@elasticsearch_options
@click.option("--into-documents", is_flag=True, help="The other way: out of the store, into the documents.")
@bounds_options
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def move(client: Elasticsearch, index: str, into_documents: bool, bounds: Bounds, as_json: bool) -> None:
    """Move the pictures of INDEX to where its pipeline says: store [external], or [data] with --into-documents.

    Change the pipeline first. Every byte of a picture stays. The same command continues a run that was interrupted; a
    document that somebody writes meanwhile is left alone, as the pipeline moves its picture itself.
    """
    _check_pipelines(client, index, into_documents)
    selection = Selection(elsewhere="external" if into_documents else "data")
    report = run_selected(client, index, selection, bounds, quiet=as_json)
    if as_json and report is not None:
        say(True, report.as_json())
    if report is not None and report.failed:
        raise SystemExit(1)


def _check_pipelines(client: Elasticsearch, index: str, into_documents: bool) -> None:
    """Refuse when the pipeline would leave the pictures where they are."""
    try:
        names = {name for settings in settings_by_index(client, index).values() for name in pipelines_of(settings)}
        bodies: dict[str, Any] = client.ingest.get_pipeline(id=",".join(names)).body if names else {}
    except ApiError:
        # The run itself says what is wrong.
        return
    for name, body in bodies.items():
        for processor in body.get("processors", ()):
            external = processor.get("image", {}).get("store") == "external"
            if "image" in processor and external is into_documents:
                wanted = json.dumps("data" if into_documents else "external")
                raise click.ClickException(
                    f'the processor image of the pipeline {shown(name)} does not say "store": {wanted}: change it '
                    "first, so that new pictures go there, too"
                )
