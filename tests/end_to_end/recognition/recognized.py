"""What the tests of recognition share: pictures, and how a pipeline is put and a document read."""

from __future__ import annotations

from typing import Any

from elasticsearch import Elasticsearch

from tests.helpers.pictures import picture

CAT, FACE = picture("skimage/chelsea.png"), picture("skimage/astronaut.png")
# Where no service answers: a pipeline is taken without asking what it can do.
NOBODY = "http://127.0.0.1:9"


def put(es: Elasticsearch, pipeline: str, more: dict[str, Any] | None = None, **options: Any) -> None:
    es.ingest.put_pipeline(id=pipeline, processors=[{"image": {"field": "image", **options}}], **(more or {}))


def stored(es: Elasticsearch, index: str, id_: str = "1") -> dict[str, Any]:
    return dict(es.get(index=index, id=id_)["_source"])
