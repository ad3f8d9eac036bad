"""Sends a document through its pipeline again, as `ingest-image reprocess` does it for many."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, request
from werkzeug.wrappers import Response

from pipelines.cluster.bulks import BulkStopped
from pipelines.cluster.nodes import leaves_out_vectors

from ...defaults import BULK_BYTES
from ...reprocess.documents import FoundDocument, Reader
from ...reprocess.job import plan
from ...reprocess.selection import Selection
from ...reprocess.writer import ReprocessReport, Writer
from ...search import UserError
from ..context import document_id, writable_context
from ..documents import current, refresh
from ..labels import page_of
from ..page_query import PageQuery

blueprint = Blueprint("retrying", __name__)


@blueprint.post("/retry/<index>")
def retry(index: str) -> Response:
    """Process the pictures of a document again, in whatever field; those that are current stay as they are."""
    here = writable_context()
    hit = current(here, index, document_id()).hit
    (job,) = plan(here.client, index, None, Selection(errors=True))
    if not job.pipelines:
        raise UserError(f"the index {index} has no pipeline that could process it")
    vectors = leaves_out_vectors(here.client)
    reader = Reader(here.client, index, job.targets, BULK_BYTES, with_vectors=vectors, enriched=job.enriched)
    report = ReprocessReport()
    # People wait for the answer, so one more try has to do.
    writer = Writer(here.client, index, job.targets, report, max_retries=1, fields=job.fields)
    try:
        with here.one_of_few():
            writer.write(reader.read([FoundDocument(hit.id, hit.routing, None)]), None)
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
