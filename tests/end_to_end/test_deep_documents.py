"""Values that are a thousand lists or objects in each other: they are refused or stored, and the node lives.

A stack that overflows is the end of a node, whoever wrote the document.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from elasticsearch import ApiError, Elasticsearch

from processor_service.wire.fields import top_level_names
from tests.helpers.pictures import b64, picture

PHOTO = b64(picture("pillow/hopper.jpg"))
# By what stands for them in documents, which Python's own JSON could not write. Elasticsearch reads none deeper than 1000.
DEEP = {
    '"a list"': "[" * 990 + "]" * 990,
    '"an object"': '{"a":' * 980 + "1" + "}" * 980,
    '"an address"': "[" * 990 + '"https://images.example.org/a.jpg"' + "]" * 990,
}
FIELDS = sorted(set(top_level_names()) | {"data", "url", "operations", "mine", "Data"})
KINDS: dict[str, dict[str, Any]] = {
    "in place": {},
    "recorded": {"on_invalid": "record", "document_operations": True},
    "with a target": {"field": "photo", "target_field": "image", "remove_binary": True},
    "later": {"properties": ["embedding"], "later": ["embedding"]},
}


@pytest.fixture
def unmapped(es: Elasticsearch, index: str) -> Iterator[str]:
    """An index that takes whatever there is."""
    es.indices.create(index=f"deep-{index}", mappings={"dynamic": False, "properties": {}})
    yield f"deep-{index}"
    es.indices.delete(index=f"deep-{index}")


def documents() -> Iterator[dict[str, Any]]:
    for value in map(json.loads, DEEP):
        for field in FIELDS:
            for image in ({field: value}, {"data": PHOTO} | {field: value}, {f"{field}.below": value}):
                yield {"image": image}
            yield {"image": [{"data": PHOTO}, {field: value}]}
            yield {f"image.{field}": value}
            yield {"photo": {field: value}, "image": {field: value}}
        for name in ("image", "photo", "image.data", "mine", "Image", "Photo"):
            yield {name: value}
            yield {name: value, "photo": PHOTO}


def written(value: Any) -> bytes:
    """The JSON of a value, and a newline."""
    text = json.dumps(value)
    for short, long in DEEP.items():
        text = text.replace(short, long)
    return f"{text}\n".encode()


@pytest.mark.parametrize("kind", KINDS)
def test_a_node_lives_through_them(es: Elasticsearch, unmapped: str, kind: str) -> None:
    options = {"properties": [], "ignore_missing": True} | KINDS[kind]
    es.ingest.put_pipeline(id=unmapped, processors=[{"image": options}])
    action: dict[str, Any] = {"index": {}}
    lines = [written(line) for document in documents() for line in (action, document)]
    answer = es.perform_request(
        "POST",
        f"/{unmapped}/_bulk",
        params={"pipeline": unmapped, "refresh": "true"},
        headers={"content-type": "application/x-ndjson", "accept": "application/json"},
        body=b"".join(lines),
    )
    statuses = {item["index"]["status"] for item in answer.body["items"]}
    assert statuses <= {201, 400} and 201 in statuses
    es.ingest.delete_pipeline(id=unmapped)


def test_half_a_surrogate_pair_however_deep_is_replaced_and_its_text_found(es: Elasticsearch, unmapped: str) -> None:
    es.indices.put_mapping(index=unmapped, properties={"mine": {"type": "text"}})
    es.ingest.put_pipeline(id=unmapped, processors=[{"image": {"properties": []}}])
    headers = {"content-type": "application/json", "accept": "application/json"}
    for depth in (50, 150, 980):
        value = "[" * depth + r'"boat \ud83d"' + "]" * depth
        body = f'{{"mine": {value}, "image": {{"data": "{PHOTO}"}}}}'.encode()
        path = f"/{unmapped}/_doc/{depth}?pipeline={unmapped}&refresh=true"
        assert es.perform_request("PUT", path, headers=headers, body=body).meta.status == 201
        found = es.search(index=unmapped, q=f"mine:boat AND _id:{depth}", source=False)["hits"]["hits"]
        assert [hit["_id"] for hit in found] == [str(depth)]
    es.ingest.delete_pipeline(id=unmapped)


def test_a_question_by_a_deep_document_has_no_vector(es: Elasticsearch, unmapped: str, index: str) -> None:
    es.index(index=index, id="1", document={"image": {"data": PHOTO}}, refresh=True)
    headers = {"content-type": "application/json", "accept": "application/json"}
    for number, value in enumerate(map(json.loads, DEEP)):
        for source in ({"image": value}, {"image": {"embedding": value}}, {"image": {"embedder": value}}):
            es.perform_request("PUT", f"/{unmapped}/_doc/{number}", headers=headers, body=written(source))
            builder = {"image": {"index": unmapped, "id": str(number)}}
            knn = {"field": "image.embedding", "query_vector_builder": builder, "k": 1, "num_candidates": 2}
            with pytest.raises(ApiError) as refused:
                es.search(index=index, knn=knn)
            assert refused.value.status_code == 400, refused.value
    assert es.search(index=index, q="image.format:jpeg")["hits"]["total"]["value"] == 1
