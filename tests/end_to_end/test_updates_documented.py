"""The table of updates in docs/indexing.md is what nodes do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from elasticsearch import Elasticsearch

from pipelines.install.apply import carry_out, plan_install
from tests.helpers.pictures import b64, picture

PICTURE = b64(picture("pillow/hopper.jpg"))
INDEX = "images-updates"


@pytest.fixture(params=["default", "final"])
def pipeline_setting(request: pytest.FixtureRequest, es: Elasticsearch) -> Iterator[str]:
    """The index has `images` as its default or as its final pipeline."""
    list(carry_out(es, plan_install(es)))
    es.options(ignore_status=404).indices.delete(index=INDEX)
    settings = {"index.final_pipeline": "images", "index.default_pipeline": "_none"}
    es.indices.create(index=INDEX, settings=settings if request.param == "final" else {})
    yield request.param
    es.indices.delete(index=INDEX)


def processed(es: Elasticsearch, id_: str) -> bool:
    return "sha256" in es.get(index=INDEX, id=id_)["_source"]["image"]


def test_a_bulk_update_runs_no_pipeline_and_the_next_update_does(es: Elasticsearch, pipeline_setting: str) -> None:
    es.index(index=INDEX, id="1", document={"title": "no picture yet"})
    es.bulk(operations=[{"update": {"_index": INDEX, "_id": "1"}}, {"doc": {"image": {"data": PICTURE}}}])
    assert not processed(es, "1")
    es.indices.refresh(index=INDEX)
    query = "NOT _exists_:image.sha256 AND NOT _exists_:image.error.code"
    assert es.search(index=INDEX, q=query)["hits"]["total"]["value"] == 1
    es.update(index=INDEX, id="1", doc={"title": "a picture"})
    assert processed(es, "1")


def test_a_bulk_upsert_runs_the_pipeline(es: Elasticsearch, pipeline_setting: str) -> None:
    upsert = {"doc": {"image": {"data": PICTURE}}, "doc_as_upsert": True}
    es.bulk(operations=[{"update": {"_index": INDEX, "_id": "1"}}, upsert])
    assert processed(es, "1")


def test_pipeline_none_is_a_way_around_the_default_pipeline_only(es: Elasticsearch, pipeline_setting: str) -> None:
    es.index(index=INDEX, id="1", document={"image": {"data": PICTURE}}, pipeline="_none")
    assert processed(es, "1") is (pipeline_setting == "final")
