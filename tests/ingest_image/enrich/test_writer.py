"""What becomes of a document that was refused: which ones count against the picture, and which ones are waited for."""

from __future__ import annotations

from typing import Any

import pytest
from elastic_transport import ApiResponseMeta, HttpHeaders, NodeConfig
from elasticsearch import ApiError, Elasticsearch

from ingest_image.enrich.writer import EnrichingWriter, NotWritten
from ingest_image.reprocess.writer import ReprocessReport, Sent
from pipelines.cluster.bulks import BulkStopped

DOCUMENT = Sent("1", None, "", True)


def refused(item: dict[str, Any]) -> list[NotWritten]:
    with Elasticsearch("http://127.0.0.1:9") as nobody:
        writer = EnrichingWriter(nobody, "images", ["image"], ReprocessReport())
        writer.refused(DOCUMENT, item)
    return writer.refusals


def answer(status: int) -> ApiError:
    meta = ApiResponseMeta(status, "1.1", HttpHeaders(), 0.1, NodeConfig("http", "127.0.0.1", 9))
    return ApiError("the request", meta, {"error": {"reason": "all of it"}, "status": status})


@pytest.mark.parametrize(
    ("status", "reason", "at_fault"),
    [
        (429, "[busy] all workers are busy", False),
        (503, "[service_unavailable] no service", False),
        (500, "[internal_error] a defect", False),
        (408, "it took too long", False),
        (400, "[recognition_off] this service does not recognize", False),
        (400, "[picture_timeout] it took too long", True),
        (400, "mapper_parsing_exception", True),
    ],
)
def test_only_what_the_picture_is_to_blame_for_counts(status: int, reason: str, at_fault: bool) -> None:
    cause = {"type": "image_exception", "reason": "outer", "caused_by": {"reason": reason}}
    assert refused({"status": status, "error": cause}) == [NotWritten("1", reason, at_fault)]


def test_an_index_that_must_not_be_written_is_left_alone_and_one_that_is_gone_is_forgotten() -> None:
    error = {"type": "cluster_block_exception", "reason": "index read-only"}
    assert refused({"status": 403, "error": error}) == [NotWritten("1", "index read-only", False, forbidden=True)]
    assert refused({"status": 404, "error": {"reason": "no such index"}}) == []
    with pytest.raises(BulkStopped):
        refused({"status": 401, "error": {"reason": "who are you"}})


@pytest.mark.parametrize(("status", "at_fault"), [(413, True), (429, False), (503, False)])
def test_a_whole_request_that_is_refused_blames_a_picture_only_if_it_is_too_large(status: int, at_fault: bool) -> None:
    (one,) = refused({"status": status, "exception": answer(status), "error": "all of it"})
    assert (one.id, one.at_fault) == ("1", at_fault)
