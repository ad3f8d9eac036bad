"""What the tests of the store share: a service with one, and a client that fetches from it what documents name."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elasticsearch import Elasticsearch

from processor_service.store.opening import open_store
from processor_service.store.picture_store import PictureStore
from tests.helpers.nodes import set_hosts
from tests.helpers.service import Service, running_service
from tests.helpers.stores import store_of

PIPELINE = "images-stored"
_MOST = 50_000_000


@dataclass
class Stored:
    """A service with a store, as the node asks it; `pictures` is the store as tests look into it."""

    service: Service
    pictures: PictureStore
    url: str

    def bytes_of(self, image: dict[str, Any]) -> bytes:
        """The picture that a document names; the store checks that it is the right one."""
        assert "data" not in image
        return self.pictures.get(image["stored"], _MOST)

    def keys(self) -> list[str]:
        return sorted(each.key for each in self.pictures.list("sha256/"))


@contextmanager
def stored_service(es: Elasticsearch, usual: str, folder: Path, url: str, **settings: str) -> Iterator[Stored]:
    """A service with a store, which the node asks meanwhile, and a pipeline that uses it.

    `usual`: the address of the service that the node asks otherwise.
    """
    put_pipeline(es, **es.ingest.get_pipeline(id="images").body["images"]["processors"][0]["image"])
    pictures = open_store(url, 20)
    with running_service(folder / "service.log", store_url=url, **settings) as running:
        set_hosts(es, running.url)
        try:
            yield Stored(running, pictures, url)
        finally:
            set_hosts(es, usual)
            pictures.stop()


def put_pipeline(es: Elasticsearch, **options: Any) -> None:
    """Make the pipeline that uses the store one of these options, for whatever is indexed from now on."""
    processors = [{"image": {**options, "store": "external"}}]
    # A node that is too busy to apply it within its timeout says no, and applies it later.
    assert es.ingest.put_pipeline(id=PIPELINE, processors=processors, timeout="100s")["acknowledged"]
    assert es.ingest.get_pipeline(id=PIPELINE).body[PIPELINE]["processors"] == processors


@contextmanager
def rendering_store(
    kind: str, es: Elasticsearch, es_url: str, usual: str, folder: Path, **settings: str
) -> Iterator[Stored]:
    """A store of a kind, and a service with it that renders pictures of `images-*` as well."""
    settings = {"render_indices": "images-*", "elasticsearch_url": es_url, **settings}
    with store_of(kind, folder / "store") as url, stored_service(es, usual, folder, url, **settings) as running:
        yield running


def image_of(es: Elasticsearch, index: str, id: str = "1") -> Any:
    """The picture of a document, with its fields."""
    return es.get(index=index, id=id)["_source"]["image"]


@contextmanager
def stored_index(es: Elasticsearch, pipeline: str = PIPELINE) -> Iterator[str]:
    """The name of an index of our template that is not there yet, whose default pipeline uses the store."""
    name = f"images-{uuid.uuid4().hex[:8]}"
    template = es.indices.get_index_template(name="images").body["index_templates"][0]["index_template"]["template"]
    template["settings"]["index"]["default_pipeline"] = pipeline
    es.indices.put_index_template(name=name, index_patterns=[f"{name}*"], priority=600, template=template)
    try:
        yield name
    finally:
        for found in es.indices.resolve_index(name=f"{name}*", expand_wildcards="all").body["indices"]:
            es.indices.delete(index=found["name"])
        es.indices.delete_index_template(name=name)


class Completing:
    """A client that puts the picture from the store into each document that names one, as if it were there.

    Pipelines that it installs use the store.
    """

    def __init__(self, es: Any, stored: Stored) -> None:
        self._es, self._stored = es, stored
        self.ingest = _Ingest(es.ingest)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._es, name)

    def get(self, **options: Any) -> Any:
        body = self._es.get(**options).body
        self._complete(body["_source"])
        return body

    def search(self, **options: Any) -> Any:
        body = self._es.search(**options).body
        for hit in body["hits"]["hits"]:
            self._complete(hit.get("_source", {}))
        return body

    def _complete(self, source: dict[str, Any]) -> None:
        image = source.get("image")
        for one in image if isinstance(image, list) else [image]:
            if isinstance(one, dict) and "stored" in one:
                one["data"] = base64.b64encode(self._stored.bytes_of(one)).decode()
            elif isinstance(one, dict) and "sha256" in one:
                raise AssertionError("a processed picture is not in the store")


class _Ingest:
    def __init__(self, ingest: Any) -> None:
        self._ingest = ingest

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ingest, name)

    def put_pipeline(self, *, processors: list[dict[str, Any]], **options: Any) -> Any:
        for processor in processors:
            processor["image"] = {"store": "external", **processor["image"]}
        return self._ingest.put_pipeline(processors=processors, **options)
