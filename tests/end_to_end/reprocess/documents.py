"""What the tests of `ingest-image reprocess` share: pictures, and how documents with them are stored and counted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from click.testing import Result
from elasticsearch import Elasticsearch

from tests.helpers.pictures import b64, picture

PHOTO = b64(picture("pillow/hopper.jpg"))
LARGE = b64(picture("pdq/bridge-mods/aaa-orig.jpg"))
Run = Callable[..., Result]


def put(es: Elasticsearch, index: str, id: str, pipeline: str | None = None, data: str = PHOTO, **fields: Any) -> None:
    es.index(index=index, id=id, document={"image": {"data": data}, **fields}, pipeline=pipeline)


def versions(es: Elasticsearch, index: str) -> dict[str, int]:
    es.indices.refresh(index=index)
    hits = es.search(index=index, size=1000, source=False, version=True)["hits"]["hits"]
    return {hit["_id"]: hit["_version"] for hit in hits}
