"""Every field of recognition: stored alike by both ways, mapped as it is declared, and found by a query."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from elasticsearch import Elasticsearch

from ingest_image.search import sampling
from ingest_image.search_command import search
from processor_service.embedders.lite0 import Lite0
from processor_service.features.faces import Faces
from processor_service.features.labels import Labels
from processor_service.features.plates import Plates
from processor_service.features.text import Text
from processor_service.fields import NOT_INDEXED, OF_THE_PICTURE, DocumentField
from tests.helpers.nodes import set_hosts
from tests.helpers.people import CHANGES, person
from tests.helpers.pictures import b64, encoded, picture
from tests.helpers.service import Service
from tests.inference_way.stock import StockProcessors
from tests.inference_way.way import Way

FIELDS: list[DocumentField] = [
    *(field for feature in (Text, Plates, Faces, Labels) for field in feature.fields),
    *(field for field in OF_THE_PICTURE if field.top == "redacted"),
]
# Kept as they are: what is in them has no mapping.
KEPT = tuple(f"{field.name}." for field in FIELDS if field.mapping == NOT_INDEXED)
RECIPES: dict[str, dict[str, Any]] = {
    "seen": {
        "operations": ["auto_orient"],
        "properties": ["text", "plates", {"faces": {"identity": True}}, "labels", "embedding"],
    },
    "hidden": {"operations": [{"redact": {"what": ["faces", "plates", "text"]}}], "properties": ["labels"]},
}
PICTURES = {"astronaut": "skimage/astronaut.png", "car": "drawn/car.jpg", "page": "skimage/page.png"}
Documents = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def ways(
    es: Elasticsearch, service: Service, recognizing: Service, stock: StockProcessors
) -> Iterator[dict[str, Documents]]:
    """What each way makes of the pictures, by recipe and picture (`seen-car`); an index of each is filled with that."""
    set_hosts(es, recognizing.url)
    try:
        yield stored_by_both(es, recognizing, stock)
    finally:
        set_hosts(es, service.url)
        es.indices.delete(index=[index_of("plugin"), index_of("inference")], ignore_unavailable=True)
        for name in RECIPES:
            es.options(ignore_status=404).ingest.delete_pipeline(id=name)


def stored_by_both(es: Elasticsearch, recognizing: Service, stock: StockProcessors) -> dict[str, Documents]:
    made: dict[str, Documents] = {"plugin": {}, "inference": {}}
    for name, recipe in RECIPES.items():
        way = Way(stock, recognizing.url, **recipe)
        es.ingest.put_pipeline(id=name, processors=[{"image": {"field": "image", **recipe}}])
        for title, file in PICTURES.items():
            document = {"image": {"data": b64(picture(file))}}
            (answer,) = es.ingest.simulate(id=name, docs=[{"_source": document}])["docs"]
            made["plugin"][f"{name}-{title}"] = answer["doc"]["_source"]
            made["inference"][f"{name}-{title}"] = way(document)
    for name, documents in made.items():
        es.indices.delete(index=index_of(name), ignore_unavailable=True)
        for id_, document in documents.items():
            es.index(index=index_of(name), id=id_, document=document, pipeline="_none")
        es.indices.refresh(index=index_of(name))
    return made


def index_of(way: str) -> str:
    return f"images-fields-{way}"


def values(document: Any, path: str) -> list[Any]:
    """All values under a dotted name; lists on the way are walked through."""
    if isinstance(document, list):
        return [value for one in document for value in values(one, path)]
    if not path:
        return [document]
    name, _, rest = path.partition(".")
    return values(document[name], rest) if isinstance(document, dict) and name in document else []


def holding(documents: Documents, field: DocumentField) -> set[str]:
    return {id_ for id_, document in documents.items() if values(document["image"], field.name)}


def test_both_ways_store_the_same(ways: dict[str, Documents]) -> None:
    assert ways["plugin"] == ways["inference"]


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
@pytest.mark.parametrize("way", ["plugin", "inference"])
def test_each_field_is_stored_mapped_and_found(
    es: Elasticsearch, ways: dict[str, Documents], way: str, field: DocumentField
) -> None:
    holds = holding(ways[way], field)
    assert holds, f"no document has {field.name}"
    mapped = es.indices.get_mapping(index=index_of(way))[index_of(way)]["mappings"]["properties"]["image"]
    for name in field.name.split("."):
        mapped = mapped.get("properties", {}).get(name, {})
    if field.name.startswith(KEPT):
        assert mapped == {}
        return
    assert mapped.items() >= field.mapping.items()
    if field.mapping == NOT_INDEXED:
        return
    query: dict[str, Any] = {"exists": {"field": f"image.{field.name}"}}
    if field.top == "face_vectors":
        query = {"nested": {"path": "image.face_vectors", "query": query}}
        if field.name == "face_vectors":
            query["nested"]["query"] = {"match_all": {}}
    assert {hit["_id"] for hit in es.search(index=index_of(way), query=query)["hits"]["hits"]} == holds


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("image.text:markers", {"seen-page"}),
        ("image.plates:BXY1234", {"seen-car"}),
        ("image.plates_folded:8XY1234", {"seen-car"}),
        ("image.face_count:>0", {"seen-astronaut"}),
        ("image.labels:person", {"seen-astronaut"}),
        # Also without its plate.
        ("image.labels:vehicle", {"seen-car", "hidden-car"}),
        ("image.redacted.faces:>0", {"hidden-astronaut"}),
        ("image.redacted.plates:>0", {"hidden-car"}),
        ("image.redacted.text:>0", {"hidden-astronaut", "hidden-car", "hidden-page"}),
        ("image.faces_model:*dlib*", {"seen-astronaut", "seen-car", "seen-page"}),
    ],
)
@pytest.mark.parametrize("way", ["plugin", "inference"])
def test_plain_queries_find_what_both_ways_stored(
    es: Elasticsearch, ways: dict[str, Documents], way: str, query: str, ids: set[str]
) -> None:
    assert {hit["_id"] for hit in es.search(index=index_of(way), q=query)["hits"]["hits"]} == ids


@pytest.mark.parametrize("way", ["plugin", "inference"])
def test_faces_are_sorted_and_counted(es: Elasticsearch, ways: dict[str, Documents], way: str) -> None:
    asked = {"faces": {"terms": {"field": "image.face_count"}}, "labels": {"terms": {"field": "image.labels.keyword"}}}
    found = es.search(index=index_of(way), sort=[{"image.face_count": "desc"}], aggs=asked)
    assert found["hits"]["hits"][0]["_id"] == "seen-astronaut"
    counted = {
        name: {bucket["key"]: bucket["doc_count"] for bucket in each["buckets"]}
        for name, each in found["aggregations"].items()
    }
    assert counted["faces"] == {0: 2, 1: 1}
    assert counted["labels"]["person"] == 1 and counted["labels"]["vehicle"] == 2


@pytest.mark.parametrize("way", ["plugin", "inference"])
def test_vectors_of_lite0_find_a_changed_picture(es: Elasticsearch, ways: dict[str, Documents], way: str) -> None:
    made = [document["image"] for document in ways[way].values() if "embedding" in document["image"]]
    assert [(image["embedder"], len(image["embedding"])) for image in made] == [(Lite0.label, Lite0.dims)] * 3
    data = b64(encoded(CHANGES["mirrored"](person("collins"))))
    question = {"image": {"data": data, "embedder": Lite0.label}}
    knn = {"field": "image.embedding", "k": 3, "num_candidates": 10, "query_vector_builder": question}
    assert es.search(index=index_of(way), knn=knn)["hits"]["hits"][0]["_id"] == "seen-astronaut"


@pytest.mark.parametrize("way", ["plugin", "inference"])
def test_a_person_in_a_file_is_found_in_what_either_way_stored(
    es_url: str,
    ways: dict[str, Documents],
    stock: StockProcessors,
    recognizing: Service,
    way: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if way == "inference":
        pipeline = Way(stock, recognizing.url, **RECIPES["seen"])

        def simulated(_client: Any, _pipeline: str, file: Any, _needed: str) -> Any:
            return pipeline({"image": {"data": b64(file.read())}})["image"]

        # What `_simulate` would run: the node has no processor `inference`.
        monkeypatch.setattr(sampling, "simulated_picture", simulated)
    file = tmp_path / "me.png"
    CHANGES["by 25 degrees"](person("collins")).save(file)
    asked = ["--url", es_url, "--index", index_of(way), "--pipeline", "seen", "--json", "--same-person", str(file)]
    result = CliRunner().invoke(search, asked)
    assert result.exit_code == 0, result.output
    assert [hit["_id"] for hit in json.loads(result.stdout)["hits"]] == ["seen-astronaut"]
