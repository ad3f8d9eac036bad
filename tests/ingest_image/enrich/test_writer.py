"""What becomes of a document that was refused: which ones count against the picture, and which ones are waited for."""

from __future__ import annotations

from typing import Any

import pytest
from elastic_transport import ApiResponseMeta, HttpHeaders, NodeConfig
from elasticsearch import ApiError, Elasticsearch

from ingest_image.enrich.writer import Blame, EnrichingWriter, NotWritten
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
    ("status", "reason", "blame"),
    [
        (429, "[busy] all workers are busy", Blame.OTHERS),
        (503, "[service_unavailable] no service", Blame.OTHERS),
        (503, "[service_timeout] no answer", Blame.SLOW),
        (500, "[service_error] status 500: [internal_error] a defect", Blame.UNCLEAR),
        (500, "[service_error] status 500: [embedder_failed] its model fails", Blame.UNCLEAR),
        (500, "[internal_error] a defect of the plugin", Blame.UNCLEAR),
        (500, "[service_unauthorized] the token", Blame.OTHERS),
        (400, "[out_of_memory] more than a worker may use", Blame.UNCLEAR),
        (400, "[invalid_recipe] an older service", Blame.UNCLEAR),
        (400, "[invalid_request] an older service", Blame.UNCLEAR),
        (408, "it took too long", Blame.OTHERS),
        (404, "a pipeline sends it elsewhere, or no policy exists", Blame.OTHERS),
        (400, "[recognition_off] this service does not recognize", Blame.OTHERS),
        (400, "[picture_timeout] it took too long", Blame.PICTURE),
        (400, "mapper_parsing_exception", Blame.PICTURE),
    ],
)
def test_only_what_the_picture_is_to_blame_for_counts(status: int, reason: str, blame: Blame) -> None:
    cause = {"type": "image_exception", "reason": "outer", "caused_by": {"reason": reason}}
    assert refused({"status": status, "error": cause}) == [NotWritten("1", reason, blame)]


def test_an_index_that_must_not_be_written_is_waited_for_and_one_that_is_gone_is_forgotten() -> None:
    error = {"type": "cluster_block_exception", "reason": "index read-only"}
    assert refused({"status": 403, "error": error}) == [NotWritten("1", "index read-only", Blame.OTHERS)]
    missing = {"type": "index_not_found_exception", "reason": "no such index"}
    assert refused({"status": 404, "error": missing | {"index": "images"}}) == []
    other = missing | {"index": "others"}
    assert refused({"status": 404, "error": other}) == [NotWritten("1", "no such index", Blame.OTHERS)]
    with pytest.raises(BulkStopped):
        refused({"status": 401, "error": {"reason": "who are you"}})


@pytest.mark.parametrize(("status", "blame"), [(413, Blame.PICTURE), (429, Blame.OTHERS), (503, Blame.OTHERS)])
def test_a_whole_request_that_is_refused_blames_a_picture_only_if_it_is_too_large(status: int, blame: Blame) -> None:
    (one,) = refused({"status": status, "exception": answer(status), "error": "all of it"})
    assert (one.id, one.blame) == ("1", blame)
