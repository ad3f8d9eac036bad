"""The request for the pictures of a person. Sends nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from pipelines.picture_fields import under

(PATH,) = under(["face_vectors"])
VECTOR, EMBEDDER, BOX = under(["vector", "embedder", "box"], PATH)
# The distance of two vectors up to which they are of one person. Measured: docs/recognition.md.
SAME_PERSON = 0.5
# Most pictures of a person that are found.
MOST_PICTURES = 1000


@dataclass(frozen=True)
class Person:
    """A face as the question. `identity` is (index, id) of the stored picture, which is not a hit of itself."""

    name: str
    vector: tuple[float, ...]
    # What made the vector: those of different embedders cannot be compared.
    embedder: str
    identity: tuple[str, str] | None = None


def has_vector() -> dict[str, Any]:
    """Documents with a vector of a face."""
    return _nested({"exists": {"field": VECTOR}})


def person_knn(person: Person, distance: float, clauses: list[dict[str, Any]]) -> dict[str, Any]:
    """The kNN clause; `inner_hits` say which face it is."""
    return {
        "field": VECTOR,
        "query_vector": list(person.vector),
        "k": MOST_PICTURES,
        "num_candidates": 2 * MOST_PICTURES,
        # Of l2_norm, the largest distance.
        "similarity": distance,
        "filter": clauses,
        "inner_hits": {"size": 1, "_source": [BOX]},
    }


def of_embedder(person: Person) -> dict[str, Any]:
    """Documents with a vector that can be compared. For `post_filter`: in the clause, 9.5 finds no inner hits by it."""
    return _nested({"term": {EMBEDDER: person.embedder}})


def distance_of_score(score: float) -> float:
    """The distance of two vectors, from the score of a kNN search with l2_norm."""
    return math.sqrt(max(0.0, 1 / score - 1)) if score > 0 else math.inf


def _nested(query: dict[str, Any]) -> dict[str, Any]:
    return {"nested": {"path": PATH, "query": query, "ignore_unmapped": True}}
