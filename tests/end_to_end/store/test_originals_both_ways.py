"""Originals in the store, by the plugin on a real node and by the inference form of the pipeline: stored alike."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from tests.helpers.pictures import b64, opened, picture
from tests.helpers.stores import away, store_of
from tests.inference_way.stock import StockProcessors
from tests.inference_way.way import Way

from .stored import Stored, stored_service

PHOTO = picture("exif-orientation/Landscape_6.jpg")
# A recipe, and what it is changed to.
GRAY, COLORED = ["auto_orient", "grayscale"], ["auto_orient"]


@pytest.fixture(scope="module")
def stored(
    es: Elasticsearch, service_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Stored, Path]]:
    folder = tmp_path_factory.mktemp("stored")
    with store_of("folder", folder / "store") as url, stored_service(es, service_url, folder, url) as running:
        yield running, folder / "store"


@pytest.mark.parametrize("store", ["external", "data"])
def test_an_original_is_begun_with_and_may_be_lost(
    es: Elasticsearch, stock: StockProcessors, stored: tuple[Stored, Path], store: str
) -> None:
    service, folder = stored

    def options(operations: list[str], more: dict[str, Any]) -> dict[str, Any]:
        kept = {"store": store, "originals": "external", "on_invalid": "record"}
        return {"operations": operations, "properties": ["thumbnail"], **kept, **more}

    def by_plugin(operations: list[str], image: Any, **more: Any) -> Any:
        pipeline = {"processors": [{"image": options(operations, more)}]}
        (answer,) = es.ingest.simulate(pipeline=pipeline, docs=[{"_source": {"image": image}}]).body["docs"]
        return answer["doc"]["_source"]["image"]

    def by_inference(operations: list[str], image: Any, **more: Any) -> Any:
        return Way(stock, service.service.url, **options(operations, more))({"image": image})["image"]

    first = by_plugin(GRAY, {"data": b64(PHOTO), "alt": "mine"})
    assert by_inference(GRAY, {"data": b64(PHOTO), "alt": "mine"}) == first
    assert by_inference(GRAY, first) == by_plugin(GRAY, first) == first
    again = by_plugin(COLORED, first)
    assert by_inference(COLORED, first) == again
    assert again["original"] == first["original"]
    shown = opened(again["data"]) if store == "data" else opened(service.bytes_of(again))
    assert shown.mode == "RGB"
    # From the document into the store or back, and then with another recipe.
    elsewhere = {"external": "data", "data": "external"}[store]
    moved = by_plugin(GRAY, first, store=elsewhere)
    assert by_inference(GRAY, first, store=elsewhere) == moved
    assert ("data" in moved) == (elsewhere == "data")
    assert by_plugin(COLORED, moved) == by_inference(COLORED, moved) == again
    # What a writer has put around the picture does not stay.
    wrapped = first | ({"data": f"data:image/png;name=mine;base64,{first['data']}"} if store == "data" else {})
    with away(folder / first["original"]["stored"]):
        lost, other = by_plugin(COLORED, wrapped), by_inference(COLORED, wrapped)
    assert lost["error"].pop("request_id") != other["error"].pop("request_id")
    assert lost == other
    assert lost["error"]["code"] == "stored_picture_missing"
    where = "data" if store == "data" else "stored"
    assert lost[where] == first[where]
    assert by_inference(COLORED, lost) == by_plugin(COLORED, lost) == again
