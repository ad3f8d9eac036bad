"""The index of the tests of persons, and what is asked of its vectors."""

from __future__ import annotations

from typing import Any

from elasticsearch import Elasticsearch
from PIL import Image

from ingest_image.search.questions.person_query import SAME_PERSON
from tests.helpers.people import CHANGES, person, together

IDENTITY: dict[str, Any] = {"faces": {"identity": True}}
INDEX, PIPELINE = "images-people", "people"
VECTOR = "image.face_vectors.vector"


def changed(name: str, change: str) -> Image.Image:
    return CHANGES[change](person(name))


PICTURES: dict[str, Any] = {
    "collins": [person("collins")],
    "collins-mirrored": [changed("collins", "mirrored")],
    "collins-upside-down": [changed("collins", "upside down")],
    "collins-in-a-corner": [changed("collins", "in a corner of another")],
    "hopper": [person("hopper").resize((384, 384))],
    "obama": [person("obama")],
    "both": [together(person("obama").resize((280, 350)), person("collins"))],
    "album": [Image.new("RGB", (90, 60), "teal"), changed("collins", "darker")],
    "nobody": [Image.new("RGB", (90, 60), "navy")],
}
COLLINS = {name for name in PICTURES if name.startswith("collins")} | {"both", "album"}


def knn(es: Elasticsearch, builder: dict[str, Any], **more: Any) -> list[str]:
    clause = {"field": VECTOR, "k": 20, "num_candidates": 100, "similarity": SAME_PERSON, **more}
    answer = es.search(index=INDEX, knn={**clause, "query_vector_builder": {"image": builder}}, source=False, size=20)
    return [hit["_id"] for hit in answer["hits"]["hits"]]


def vectors(es: Elasticsearch, index: str, id: str) -> list[Any]:
    """The stored vectors of a document; not in `_source` from 9.2 on."""
    hits = es.search(index=index, query={"ids": {"values": [id]}}, fields=[{"field": VECTOR}], source=False)["hits"][
        "hits"
    ]
    return [face["vector"] for face in hits[0].get("fields", {}).get("image.face_vectors", [])]
