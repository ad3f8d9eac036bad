"""What Kibana's Discover and charts would ask of Elasticsearch, on a real node: the part of Kibana that can be tried."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from pipelines.kibana.objects import COLUMNS, saved_objects
from pipelines.resources import Kind, bundled
from tests.helpers.pictures import b64, opened, picture

CHARTS = [one for one in saved_objects() if one["type"] == "lens"]
(VIEW,) = (one["attributes"] for one in saved_objects() if one["type"] == "index-pattern")


@pytest.fixture
def filled(es: Elasticsearch, index: str) -> str:
    es.index(index=index, id="lake", document={"image": b64(picture("exif-orientation/Landscape_6.jpg"))})
    es.index(index=index, id="paris", document={"image": b64(picture("libavif/paris_exif_orientation_5.jpg"))})
    # As a service with recognition would have answered.
    seen = {"labels": ["cat", "animal"], "face_count": 2, "redacted": {"faces": 2, "plates": 0}}
    es.index(index=index, id="seen", document={"image": seen}, pipeline="_none")
    es.index(index=index, id="letter", document={"image": {"data": b64(b"no picture")}}, refresh=True)
    return index


def kql(query: str) -> dict[str, Any]:
    """The clause that Kibana makes of the few forms of KQL that our charts use."""
    if found := re.fullmatch(r"(\S+) (>=?) (\d+)", query):
        return {"range": {found[1]: {{">": "gt", ">=": "gte"}[found[2]]: found[3]}}}
    return {"query_string": {"query": re.sub(": ", ":", query)}}


def aggregation(column: dict[str, Any]) -> dict[str, Any] | None:
    """The aggregation that Lens makes of a column; None for what it computes itself."""
    field, params = column.get("sourceField"), column.get("params", {})
    match column["operationType"]:
        case "terms":
            return {"terms": {"field": field, "size": params["size"]}}
        case "date_histogram":
            assert params["interval"] == "1M"
            return {"date_histogram": {"field": field, "calendar_interval": "1M"}}
        case "sum":
            return {"sum": {"field": field}}
        case "count":
            query = column.get("filter", {}).get("query", "*")
            return {"filter": kql(query)}
        case "filters":
            return {"filters": {"filters": {one["label"]: kql(one["input"]["query"]) for one in params["filters"]}}}
    return None


def fields_of_the_template() -> Iterator[tuple[str, dict[str, Any]]]:
    """All fields of the template, by their dotted names."""
    template = next(one for one in bundled() if one.kind is Kind.TEMPLATE).body["template"]["mappings"]["properties"]
    todo = [("image", template["image"])]
    while todo:
        path, field = todo.pop()
        yield path, {"type": "object"} | field
        todo += [(f"{path}.{name}", below) for name, below in field.get("properties", {}).items()]


def test_what_the_charts_ask(es: Elasticsearch, filled: str) -> None:
    found: dict[str, Any] = {}
    for chart in CHARTS:
        (layer,) = chart["attributes"]["state"]["datasourceStates"]["formBased"]["layers"].values()
        asked = {name: aggregation(column) for name, column in layer["columns"].items()}
        answer = es.search(index=filled, size=0, aggs={name: agg for name, agg in asked.items() if agg})
        found[chart["id"].removeprefix("ingest-image-")] = answer["aggregations"]
    assert found["count"]["number"]["doc_count"] == 2
    assert found["refused"]["number"]["doc_count"] == 1
    assert found["saved"]["numberX0"]["value"] > 0 < found["saved"]["numberX1"]["value"]
    assert {bucket["key"] for bucket in found["formats"]["slices"]["buckets"]} == {"jpeg"}
    assert [bucket["key"] for bucket in found["errors"]["rows"]["buckets"]] == ["not_an_image"]
    assert found["colors"]["x"]["buckets"]
    assert "buckets" in found["time"]["x"]
    assert {bucket["key"] for bucket in found["labels"]["x"]["buckets"]} == {"cat", "animal"}
    counts = {
        name: {key: one["doc_count"] for key, one in found[name][column]["buckets"].items()}
        for name, column in (("faces", "slices"), ("redactions", "rows"))
    }
    assert counts == {
        "faces": {"none": 0, "one": 0, "several": 1},
        "redactions": {"faces": 1, "plates": 0, "text": 0},
    }


def test_discover_gets_thumbnails_and_not_the_pictures(es: Elasticsearch, filled: str) -> None:
    """Discover asks by `fields`, with a data view's source filters taken out, and puts what comes into the template."""
    hidden = {one["value"] for one in json.loads(VIEW["sourceFilters"])}
    # What is large, and what nobody reads.
    vectors = {name for name, field in fields_of_the_template() if field["type"] == "dense_vector"}
    assert {"image.data", "image.embedding"} <= hidden and vectors
    assert all(any(fnmatchcase(name, one) for one in hidden) for name in vectors)
    known = es.field_caps(index=filled, fields="*")["fields"]
    assert set(COLUMNS) - {"title"} <= set(known)
    fields = [{"field": name} for name in COLUMNS]
    found = es.search(index=filled, source=False, fields=fields, query={"exists": {"field": "image.sha256"}})
    hits = found["hits"]["hits"]
    assert len(hits) == 2
    template = json.loads(VIEW["fieldFormatMap"])["image.thumbnail"]["params"]["urlTemplate"]
    for hit in hits:
        (thumbnail,) = hit["fields"]["image.thumbnail"]
        head, _, data = template.replace("{{value}}", thumbnail).partition(",")
        assert head == "data:image/jpeg;base64"
        assert base64.b64decode(data)[:3] == b"\xff\xd8\xff"
        assert max(opened(data).size) == 256
        # Two of them a row would be too much for a page of hits.
        assert len(thumbnail) < 40_000
