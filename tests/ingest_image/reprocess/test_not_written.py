"""Bulks that Elasticsearch accepts without writing what was sent: nothing of it counts as written."""

from __future__ import annotations

from typing import Any

import pytest

from ingest_image.enrich.writer import Blame, EnrichingWriter, NotWritten
from ingest_image.reprocess.documents import Document
from ingest_image.reprocess.writer import ReprocessReport, Writer
from tests.helpers.fake_elasticsearch import FakeElasticsearch

# As 9.5.3 says it of a document that the processor `drop` has met (python -m tests.load.beside).
DROPPED: dict[str, Any] = {
    "_id": "1",
    "_version": -3,
    "result": "noop",
    "_seq_no": -2,
    "_primary_term": 0,
    "status": 200,
}
KEPT = {"_id": "1", "result": "created", "failure_store": "used", "_seq_no": 7, "_primary_term": 1, "status": 201}
CONFLICT = {"type": "version_conflict_engine_exception", "reason": "[2]: document does not exist"}
RENAMED = {"_id": "2", "status": 409, "error": CONFLICT}
REFUSED = {"_id": "1", "status": 500, "error": {"type": "fail_processor_exception", "reason": "no title"}}


class Answering(FakeElasticsearch):
    """Says this of the only document of a bulk."""

    def __init__(self, item: dict[str, Any]) -> None:
        super().__init__()
        self._item = item

    def answer(self, method: str, path: str, body: Any) -> Any:
        if path == "/_bulk":
            return {"errors": "error" in self._item, "items": [{"index": {"_index": "images", **self._item}}]}
        return super().answer(method, path, body)


@pytest.mark.parametrize(
    ("item", "said", "status", "blame"),
    [
        (DROPPED, "400 a pipeline drops it", 400, Blame.PIPELINE),
        (KEPT, "400 its pipeline refused it; why is in the failure store of", 400, Blame.PIPELINE),
        (RENAMED, "400 a pipeline gives it another _id", 400, Blame.PICTURE),
        # Nobody waits for what the pipeline will always refuse.
        (REFUSED, "500 no title", 400, Blame.PIPELINE),
    ],
)
def test_what_is_accepted_and_not_written_was_refused(
    item: dict[str, Any], said: str, status: int, blame: Blame
) -> None:
    document = Document("1", None, 5, 1, {"title": "a"})
    report, ticks = ReprocessReport(), list[None]()
    client = Answering(item).client
    Writer(client, "images", ["image"], report, tick=lambda: ticks.append(None)).write([document], None)
    ((id, reason),) = report.failed
    assert (report.written, report.changed, id, len(ticks)) == (0, 0, "1", 1) and reason.startswith(said)
    assert [*report.statuses] == [status]
    enriching = EnrichingWriter(client, "images", ["image"], ReprocessReport())
    enriching.write([document], None)
    assert enriching.refusals == [NotWritten("1", reason.partition(" ")[2], blame)]
