"""What becomes of a document that its pipeline refuses, drops, or sends to where it is not: nothing waits in vain."""

from __future__ import annotations

from itertools import cycle
from typing import Any

import pytest

from ingest_image.enrich import attempts
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


BAD = {"status": 400, "error": {"type": "image_exception", "reason": "[too_many_pixels] many"}}
CONFLICT = {"status": 409, "error": {"type": "version_conflict_engine_exception", "reason": "not there"}}


class Refusing(FakeElasticsearch):
    """This becomes of the document that waits, in turn."""

    def __init__(self, *items: dict[str, Any]) -> None:
        super().__init__()
        self._items = cycle(items)

    def answer(self, method: str, path: str, body: Any) -> Any:
        if path == "/_bulk":
            item = {"_index": "images", "_id": "1", **next(self._items)}
            return {"errors": "error" in item, "items": [{"index": item}]}
        if path == "/_tasks":
            return {"nodes": {}}
        if path == "/_ingest/pipeline":
            return {"images": {"processors": [{"image": LATER}]}}
        if path.endswith("_mget"):
            source = {"image": {"pending": ["embedding"]}}
            return {"docs": [{"_id": "1", "found": True, "_seq_no": 5, "_primary_term": 1, "_source": source}]}
        return super().answer(method, path, body)


def enriched(node: Refusing, known: Attempts) -> Done:
    batch = Batch(Tools(node.client, known, Heard(), 1_000, False), JOB, [ONE])
    batch.enrich()
    return batch.done


@pytest.mark.parametrize(("item", "reason"), [(DROPPED, "a pipeline drops it"), (REFUSED, "mine")])
def test_what_a_pipeline_refuses_or_drops_counts_only_if_a_tiny_picture_gets_through(
    item: dict[str, Any], reason: str
) -> None:
    node, known = Refusing(item), Attempts()
    sound, node.simulated = node.simulated, AWAY
    assert enriched(node, known) == Done(waits=f"{reason}; its processor image fails for a tiny picture, too")
    assert (known.of(ONE.key, 5).failures, known.of(ONE.key, 5).waits) == (0, 1)
    node.simulated = sound
    assert enriched(node, known) == Done(failed=1)
    assert known.of(ONE.key, 5).failures == 1


def test_a_bad_picture_in_a_document_whose_routing_changes_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "PAUSES", ())
    node, known = Refusing(BAD, CONFLICT), Attempts()
    for is_known in (False, True):
        # Somebody may have written a newer one, which would be read.
        assert enriched(node, known) == Done(changed=1)
        assert known.of(ONE.key, 5).unwritable == known.of(ONE.key, 5).hopeless == is_known
