"""Sends a document through its pipeline again, as `ingest-image reprocess` does it for many."""

from __future__ import annotations

from elasticsearch import AuthorizationException, Elasticsearch, NotFoundError
from flask import Blueprint, abort, redirect, request
from werkzeug.wrappers import Response

from pipelines.cluster.bulks import BulkStopped
from pipelines.cluster.index_pipelines import pipelines_of, settings_by_index
from pipelines.cluster.nodes import leaves_out_vectors

from ...defaults import BULK_BYTES
from ...reprocess.documents import Found, Reader
from ...reprocess.writer import Report, Writer
from ...search import UserError
from ..context import document_id, writable_context
from ..documents import current, refresh
from ..labels import page_of
from ..page_query import PageQuery

blueprint = Blueprint("retrying", __name__)
_FIELD = "image"


@blueprint.post("/retry/<index>")
def retry(index: str) -> Response:
    """Process the pictures of a document again; those that are current stay as they are."""
    here = writable_context()
    hit = current(here, index, document_id()).hit
    if not _has_pipeline(here.client, index):
        raise UserError(f"the index {index} has no pipeline that could process it")
    vectors = leaves_out_vectors(here.client)
    reader = Reader(here.client, index, [_FIELD], BULK_BYTES, with_vectors=vectors, enriched=[_FIELD])
    report = Report()
    # People wait for the answer, so one more try has to do.
    writer = Writer(here.client, index, [_FIELD], report, max_retries=1, fields=[_FIELD])
    try:
        with here.one_of_few():
            writer.write(reader.read([Found(hit.id, None, None)]), None)
    except BulkStopped as error:
        raise UserError(f"it cannot be processed now, nothing was changed: {error}") from error
    refresh(here.client, [index])
    if report.without_picture:
        raise UserError("this document does not hold its picture any more: add the picture again")
    if report.failed:
        raise UserError(report.failed[0][1])
    if report.changed:
        abort(409, "Somebody changed this document meanwhile. Look at it first.")
    if report.errors:
        raise UserError(f"it has the same problem again: {', '.join(report.errors)}".replace("_", " "))
    return redirect(page_of(hit, PageQuery.of(request.args)), 303)


def _has_pipeline(client: Elasticsearch, index: str) -> bool:
    try:
        return bool(pipelines_of(settings_by_index(client, index).get(index, {})))
    except (AuthorizationException, NotFoundError):
        # Nobody knows; the writer will see whether it was processed.
        return True
