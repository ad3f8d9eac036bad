"""`ingest-image store move`: moves the pictures of documents into the store, or back."""

from __future__ import annotations

import json

import click
from elasticsearch import ApiError, Elasticsearch

from pipelines.cluster.client import elasticsearch_options
from pipelines.wording import shown

from ..index_option import index_option
from ..reprocess.bounds import Bounds, bounds_options
from ..reprocess.command import run_selected
from ..reprocess.selection import Selection
from .asking import recipes_by_pipeline
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
    """Refuse when the pipeline would leave the pictures where they are, or keep none."""
    try:
        found = recipes_by_pipeline(client, index)
    except ApiError:
        # The run itself says what is wrong.
        return
    wanted = "data" if into_documents else "external"
    for name, recipes in found.items():
        for recipe in recipes:
            if recipe.get("store", "data") != wanted:
                raise click.ClickException(
                    f'the processor image of the pipeline {shown(name)} does not say "store": {json.dumps(wanted)}: '
                    "change it first, so that new pictures go there, too"
                )
            source = recipe.get("field", "image")
            if recipe.get("remove_binary") and recipe.get("target_field", source) == source:
                raise click.ClickException(
                    f"the pipeline {shown(name)} says remove_binary, so no picture would be kept: change it first"
                )
