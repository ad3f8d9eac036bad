"""Plain kNN searches whose question is a picture."""

from __future__ import annotations

from typing import Any

from elasticsearch import Elasticsearch

from tests.helpers.pictures import b64, encoded, opened, picture

NAMES = ["exif-orientation/Landscape_6.jpg", "pillow/flower.jpg", "skimage/coins.png", "pdq/bridge-mods/aaa-orig.jpg"]


def near_copy(name: str) -> str:
    """Smaller, cropped and recompressed, upright."""
    image = opened(picture(name)).convert("RGB")
    width, height = image.size
    image = image.crop((width // 20, height // 20, width * 19 // 20, height * 19 // 20)).resize(
        (300, 300 * height // width)
    )
    return b64(encoded(image, "JPEG", quality=40))


def knn(builder: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "field": "image.embedding",
        "k": 3,
        "num_candidates": 10,
        "query_vector_builder": {"image": builder},
        **more,
    }


def hits(es: Elasticsearch, index: str, builder: dict[str, Any], **more: Any) -> list[tuple[str, float]]:
    answer = es.search(index=index, knn=knn(builder, **more), source=False)
    return [(hit["_id"], round(hit["_score"], 3)) for hit in answer["hits"]["hits"]]


def copies(es: Elasticsearch, index: str, value: str, field: str) -> set[str]:
    """Ids of the documents at most 31 bits away from a hash, asked as plainly as can be."""
    plain = {"field": field, "query_vector": value, "k": 10, "similarity": 31}
    return {hit["_id"] for hit in es.search(index=index, knn=plain, source=False)["hits"]["hits"]}
