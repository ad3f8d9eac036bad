"""What is at fault when a pipeline refuses or drops a document, as `on_failure` may: its picture or the service."""

from __future__ import annotations

from typing import Any

import pytest

from ingest_image.enrich.attempts import Attempts
from ingest_image.enrich.backlog import Waiting
from ingest_image.enrich.batch import Batch, Tools
from ingest_image.enrich.done import Done
from ingest_image.reprocess.job import IndexJob
from tests.helpers.enrichers import LATER, Heard
from tests.helpers.fake_elasticsearch import FakeElasticsearch

ONE = Waiting("1", None, 100, "images", 5)
JOB = IndexJob(index="images", uuid="uuid", pipelines=("images",), targets=["image"], makers={}, query={})
DROPPED: dict[str, Any] = {"result": "noop", "status": 200, "_seq_no": -2}
REFUSED = {"status": 500, "error": {"type": "fail_processor_exception", "reason": "mine"}}
AWAY = {"error": {"type": "image_exception", "reason": "[service_unavailable] no service"}}


class Refusing(FakeElasticsearch):
    """Its pipeline has `on_failure`, which makes this of the document that waits."""

    def __init__(self, item: dict[str, Any]) -> None:
        super().__init__()
        self._item = item

    def answer(self, method: str, path: str, body: Any) -> Any:
        if path == "/_bulk":
            item = {"_index": "images", "_id": "1", **self._item}
            return {"errors": "error" in item, "items": [{"index": item}]}
        if path == "/_tasks":
            return {"nodes": {}}
        if path == "/_ingest/pipeline":
            return {"images": {"processors": [{"image": LATER}]}}
        if path.endswith("_mget"):
            source = {"image": {"pending": ["embedding"]}}
            return {"docs": [{"_id": "1", "found": True, "_seq_no": 5, "_primary_term": 1, "_source": source}]}
        return super().answer(method, path, body)


@pytest.mark.parametrize(("item", "reason"), [(DROPPED, "a pipeline drops it"), (REFUSED, "mine")])
def test_what_a_pipeline_refuses_or_drops_counts_only_if_a_tiny_picture_gets_through(
    item: dict[str, Any], reason: str
) -> None:
    node, known = Refusing(item), Attempts()

    def enriched() -> Done:
        batch = Batch(Tools(node.client, known, Heard(), 1_000, False), JOB, [ONE])
        batch.enrich()
        return batch.done

    sound, node.simulated = node.simulated, AWAY
    assert enriched() == Done(waits=f"{reason}; its processor image fails for a tiny picture, too")
    assert (known.of(ONE.key, 5).failures, known.of(ONE.key, 5).waits) == (0, 1)
    node.simulated = sound
    assert enriched() == Done(failed=1)
    assert known.of(ONE.key, 5).failures == 1
