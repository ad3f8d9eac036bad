"""The processor `set` of the pipeline for data streams (docs/data-streams.md), which no embedded node has: OpenSearch's."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from pipelines.install.streams import PIPELINE, TIMESTAMP, resources
from pipelines.resources import bundled
from tests.helpers.dev_tools import parse
from tests.helpers.documented import the_block
from tests.helpers.fake_elasticsearch import FakeElasticsearch

from .stock import StockProcessors


class ClusterWithSet(FakeElasticsearch):
    """A node that has the processor."""

    def answer(self, method: str, path: str, body: Any) -> Any:
        if path.startswith("/_nodes"):
            return {"nodes": {"a": {"name": "a", "ingest": {"processors": [{"type": "image"}, {"type": "set"}]}}}}
        return {"index_templates": []} if path.startswith("/_index_template") else None


def test_documents_get_their_time_unless_they_have_one(stock: StockProcessors) -> None:
    (pipeline,) = (
        one for one in resources(ClusterWithSet().client, bundled(), ["photos"], None) if one.name == PIPELINE
    )
    time, image = pipeline.body["processors"]
    assert list(time) == ["set"] and list(image) == ["image"]
    (request,) = parse(the_block("docs/data-streams.md", "POST photos").text)
    document = json.loads(request.body)

    def stored(**more: str) -> dict[str, Any]:
        return stock.run({"processors": [time]}, [], document | more, "photos")

    said = datetime.fromisoformat(stored()[TIMESTAMP])
    assert abs(datetime.now(UTC) - said) < timedelta(minutes=10)
    assert stored(**{TIMESTAMP: "2020-01-01"}) == document | {TIMESTAMP: "2020-01-01"}
