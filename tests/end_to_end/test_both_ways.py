"""The same documents through the plugin on a real node, and through the inference form of the pipeline: stored alike."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from pipelines.endpoints import in_inference_form
from pipelines.resources import Kind, bundled
from tests.inference_way.stock import StockProcessors, stock_processors
from tests.support import TOKEN, Service, b64, picture

PHOTO = b64(picture("exif-orientation/Landscape_6.jpg"))
DOCUMENTS: dict[str, dict[str, Any]] = {
    "photograph": {"title": "A lake", "image": {"data": PHOTO, "alt": "a lake"}},
    "bare string": {"image": b64(picture("pillow/hopper.jpg"))},
    "transparent": {"image": {"data": b64(picture("pngsuite/basn6a16.png"))}},
    "not a picture": {"image": {"data": "bm8gcGljdHVyZQ==", "width": 7, "alt": "kept"}},
    "not base64": {"image": {"data": "!"}},
    "truncated": {"image": {"data": PHOTO[:8000]}},
    "forged": {"image": {"data": PHOTO, "mark": "0" * 64, "recipe": "0" * 32, "width": 7}},
    "no picture": {"title": "nothing"},
}


@pytest.fixture(scope="module")
def stock() -> Iterator[StockProcessors]:
    with stock_processors() as running:
        yield running


@pytest.mark.parametrize("name", [r.name for r in bundled() if r.kind is Kind.PIPELINE])
def test_both_ways_store_the_same(es: Elasticsearch, service: Service, stock: StockProcessors, name: str) -> None:
    definition = next(r for r in bundled() if r.kind is Kind.PIPELINE and r.name == name)
    endpoint, pipeline = in_inference_form([definition], "custom", service.url, TOKEN)
    docs = [{"_source": document} for document in DOCUMENTS.values()]
    hashes = 0
    answers = es.ingest.simulate(id=name, docs=docs).body["docs"]
    for (title, document), answer in zip(DOCUMENTS.items(), answers, strict=True):
        by_plugin = answer["doc"]["_source"]
        assert stock.run(pipeline.body, [endpoint], document) == by_plugin, title
        # What one way has normalized, the other leaves alone.
        assert stock.run(pipeline.body, [endpoint], by_plugin | {"seen": True}) == by_plugin | {"seen": True}, title
        # Elasticsearch hands documents out without their vectors; both ways put them back.
        if "perceptual_hash" in by_plugin.get("image", {}):
            back = copy.deepcopy(by_plugin)
            for vector in ("perceptual_hash", "embedding"):
                back["image"].pop(vector, None)
            del back["image"]["perceptual_hashes"]["bits"]
            (answer,) = es.ingest.simulate(id=name, docs=[{"_source": back}]).body["docs"]
            by_node = answer["doc"]["_source"]
            assert stock.run(pipeline.body, [endpoint], back) == by_node, title
            # The vector is made from the encoded picture now, and nearly the same.
            assert ("embedding" in by_node["image"]) == ("embedding" in by_plugin["image"])
            assert {**by_node["image"], "embedding": 0} == {**by_plugin["image"], "embedding": 0}, title
            hashes += 1
    assert (hashes > 0) == ("perceptual_hash" in str(definition.body))
