"""What is installed for data streams on a node that has the processor `set`, which no embedded node has."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines.install.plan import Fate, install_step
from pipelines.install.streams import PIPELINE, resources
from pipelines.resources import Kind, bundled, is_edited
from tests.helpers.fake_elasticsearch import FakeElasticsearch


class Cluster(FakeElasticsearch):
    """Nodes with these processors, and these templates."""

    def __init__(self, *processors: str, templates: dict[str, Any] | None = None) -> None:
        super().__init__()
        self._nodes = {"a": {"name": "a", "ingest": {"processors": [{"type": name} for name in processors]}}}
        self._templates = templates or {}

    def answer(self, method: str, path: str, body: Any) -> Any:
        if path.startswith("/_nodes"):
            return {"nodes": self._nodes}
        if path.startswith("/_index_template"):
            return {"index_templates": [{"name": n, "index_template": t} for n, t in self._templates.items()]}
        return None


def made(cluster: Cluster, *names: str, retention: str | None = None) -> dict[str, Any]:
    return {one.name: one.body for one in resources(cluster.client, bundled(), names, retention)}


def test_the_pipeline_gives_documents_their_time_and_the_template_names_it() -> None:
    bodies = made(Cluster("image", "set"), "photos", retention="90d")
    assert list(bodies) == [PIPELINE, "photos"]
    images = next(one for one in bundled() if one.kind is Kind.PIPELINE and one.name == "images")
    time, *rest = bodies[PIPELINE]["processors"]
    assert time == {"set": {"field": "@timestamp", "value": "{{{_ingest.timestamp}}}", "override": False}}
    assert rest == images.body["processors"]
    template = bodies["photos"]
    assert template["index_patterns"] == ["photos"] and template["priority"] == 502
    assert template["template"]["settings"]["index"]["default_pipeline"] == PIPELINE
    assert template["template"]["lifecycle"] == {"enabled": True, "data_retention": "90d"}
    assert not any(map(is_edited, bodies.values()))


def test_without_the_processor_the_template_names_the_other_pipeline() -> None:
    bodies = made(Cluster("image"), "photos")
    assert list(bodies) == ["photos"]
    assert bodies["photos"]["template"]["settings"]["index"]["default_pipeline"] == "images"
    assert bodies["photos"]["template"]["lifecycle"] == {"enabled": True}


@pytest.mark.parametrize(("retention", "expected"), [(None, "90d"), ("30d", "30d")])
def test_a_later_run_keeps_streams_and_their_retention(retention: str | None, expected: str) -> None:
    first = made(Cluster("image", "set"), "photos", retention="90d")["photos"]
    later = Cluster("image", "set", templates={"photos": first, "theirs": {"data_stream": {}, "index_patterns": ["x"]}})
    again = made(later, *(["photos"] if retention else []), retention=retention)
    assert list(again) == [PIPELINE, "photos"]
    assert again["photos"]["template"]["lifecycle"]["data_retention"] == expected
    template = next(one for one in resources(later.client, bundled(), [], retention) if one.name == "photos")
    # Patterns of indices are none of a stream's.
    assert install_step(template, first, patterns=["other*"]).fate is Fate.CURRENT


def test_without_streams_nothing_is_made() -> None:
    assert made(Cluster("image", "set")) == {}
