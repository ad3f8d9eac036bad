"""An index of real pictures on a real node, and an engine that searches it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from ingest_image.search import Engine, Question
from ingest_image.search.questions.filters import parse_filters
from tests.helpers.paths import ROOT
from tests.helpers.pictures import b64, picture

from .filled import INDEX, Ask, flower, jpeg, pictures


@pytest.fixture(scope="package")
def filled(es: Elasticsearch) -> Iterator[str]:
    """An index of real pictures, stored through a pipeline that keeps the rough place."""
    es.indices.delete(index=INDEX, ignore_unavailable=True)
    definition = json.loads((ROOT / "pipelines/definitions/ingest_pipelines/images.json").read_text())
    processors = definition["processors"]
    names = processors[0]["image"]["properties"]
    names[names.index("metadata")] = {"metadata": {"location": "coarse"}}
    names += [] if "embedding" in names else ["embedding"]
    es.ingest.put_pipeline(id="images-with-place", processors=processors)
    for id, (title, data) in pictures().items():
        document = {"title": title, "file_name": f"{id}.jpg", "file_path": f"a/{id}.jpg", "image": {"data": b64(data)}}
        es.index(index=INDEX, id=id, document=document, pipeline="images-with-place")
    es.index(index=INDEX, id="broken", document={"title": "Broken", "image": {"data": b64(b"no picture")}})
    es.index(
        index=INDEX,
        id="album",
        document={"title": "Album", "image": [b64(picture("skimage/coins.png")), b64(jpeg(flower(), 50))]},
    )
    es.indices.refresh(index=INDEX)
    yield INDEX
    es.indices.delete(index=INDEX)
    es.ingest.delete_pipeline(id="images-with-place")


@pytest.fixture
def engine(es: Elasticsearch, filled: str) -> Engine:
    return Engine(es, filled)


@pytest.fixture
def ask(engine: Engine) -> Ask:
    """Ids of the answers to a question; filters are given as text."""

    def ask(**parts: Any) -> list[str]:
        parts["filters"] = parse_filters(parts.get("filters", ()), engine.schema)
        return [hit.id for hit in engine.search(Question(**parts), 100).hits]

    return ask
