"""What is in a picture is found by plain queries, through real nodes."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from elasticsearch import BadRequestError, Elasticsearch

from tests.helpers.drawn import page
from tests.helpers.nodes import set_hosts
from tests.helpers.pictures import b64, encoded, picture
from tests.helpers.service import Service

from .recognized import CAT, FACE, NOBODY, put, stored

CAR = picture("drawn/car.jpg")
RECOGNIZE: dict[str, Any] = {"properties": ["text", "plates", "faces", "labels"], "operations": ["auto_orient"]}


def found(es: Elasticsearch, index: str, query: str) -> list[str]:
    return [hit["_id"] for hit in es.search(index=index, q=query)["hits"]["hits"]]


def test_recognition_can_come_later(es: Elasticsearch, index: str, pipeline: str, seeing: Service) -> None:
    def recognized() -> float:
        lines = requests.get(f"{seeing.url}/metrics", timeout=60).text.splitlines()
        return float(next(line for line in lines if line.startswith("image_recognized_pictures_total")).split()[-1])

    put(es, pipeline, **RECOGNIZE)
    es.index(index=index, id="now", document={"image": {"data": b64(FACE)}}, pipeline=pipeline)
    put(es, pipeline, **RECOGNIZE, later=RECOGNIZE["properties"])
    before = recognized()
    es.index(index=index, id="1", document={"image": {"data": b64(FACE)}}, pipeline=pipeline)
    assert stored(es, index)["image"]["pending"] == ["faces", "labels", "plates", "text"]
    # Nobody has waited for a recognizer.
    assert recognized() == before
    es.index(
        index=index,
        id="1",
        document={"image": stored(es, index)["image"] | {"enrich": True}},
        pipeline=pipeline,
        refresh=True,
    )
    assert recognized() == before + 1
    assert stored(es, index) == stored(es, index, "now")
    assert stored(es, index)["image"]["face_count"] == 1
    assert set(found(es, index, "image.labels:person")) == {"now", "1"}


def test_text_faces_and_things_are_found_by_plain_queries(
    es: Elasticsearch, index: str, pipeline: str, seeing: Service
) -> None:
    put(es, pipeline, **RECOGNIZE)
    for id_, data in {"cat": CAT, "face": FACE, "page": encoded(page(["Harbour lights", "open until nine"]))}.items():
        es.index(index=index, id=id_, document={"image": {"data": b64(data)}}, pipeline=pipeline)
    es.indices.refresh(index=index)
    assert found(es, index, "cat") == ["cat"]
    assert found(es, index, "image.labels:animal") == ["cat"]
    assert found(es, index, "harbour AND nine") == ["page"]
    assert found(es, index, "image.face_count:1") == ["face"]
    counted = es.search(index=index, size=0, aggs={"of": {"terms": {"field": "image.labels.keyword"}}})
    assert "cat" in [bucket["key"] for bucket in counted["aggregations"]["of"]["buckets"]]
    properties = es.indices.get_mapping(index=index)[index]["mappings"]["properties"]["image"]["properties"]
    assert properties["text_lines"] == properties["faces"] == {"type": "object", "enabled": False}
    box = stored(es, index, "face")["image"]["faces"][0]["box"]
    assert 0.3 < box["x"] < 0.5 and box["y"] < 0.2


def test_a_plate_is_found_as_it_is_and_as_it_may_be_misread(
    es: Elasticsearch, index: str, pipeline: str, seeing: Service
) -> None:
    put(es, pipeline, **RECOGNIZE)
    es.index(index=index, id="1", document={"image": {"data": b64(CAR)}}, pipeline=pipeline, refresh=True)
    assert stored(es, index)["image"]["plates"] == ["BXY1234"]
    for asked, count in {"plates:BXY1234": 1, "plates_folded:8XY1234": 1, "plates:BXY1235": 0}.items():
        assert es.count(index=index, q=f"image.{asked}")["count"] == count


def test_without_recognizers_the_node_hands_on_what_is_lacking(
    es: Elasticsearch, index: str, pipeline: str, service: Service
) -> None:
    # As one that was stored before the service lost it.
    set_hosts(es, NOBODY)
    put(es, pipeline, **RECOGNIZE)
    set_hosts(es, service.url)
    with pytest.raises(BadRequestError, match=r"recognition_off.*property \[faces\] needs recognition"):
        es.index(index=index, document={"image": {"data": b64(CAT)}}, pipeline=pipeline)


def test_a_pipeline_that_asks_for_what_no_service_has_is_refused_by_name(
    es: Elasticsearch, pipeline: str, service: Service
) -> None:
    set_hosts(es, service.url)
    # The tests' common service has no recognizers.
    with pytest.raises(
        BadRequestError,
        match=r"recognition_off\] property \[labels\] cannot be done by the processor service: IMAGE_RECOGNIZERS is 0: set",
    ):
        put(es, pipeline, properties=["colors", "labels"], operations=["auto_orient"])
    assert es.options(ignore_status=404).ingest.get_pipeline(id=pipeline).meta.status == 404
    put(es, pipeline, properties=["colors"], operations=["auto_orient"])
