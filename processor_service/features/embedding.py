"""embedding."""

from __future__ import annotations

from typing import Any, ClassVar

from ..embedders import embedded
from ..fields import KEYWORD, RANKED_EXACTLY, DocumentField
from ..picture import Picture
from . import Feature

# The first vector sets the length, and the embedder decides that. Elasticsearch refuses vectors of another length.
EMBEDDING: dict[str, Any] = {
    "type": "dense_vector",
    "index": True,
    "similarity": "cosine",
    "index_options": RANKED_EXACTLY,
}


class Embedding(Feature):
    """A vector of what the picture shows, which finds pictures that are alike (docs/likeness.md)."""

    fields: ClassVar[tuple[DocumentField, ...]] = (
        DocumentField(
            "embedding",
            "vector of what the picture shows, for kNN search; only of the first picture of a list",
            EMBEDDING,
            first_only=True,
        ),
        DocumentField(
            "embedder",
            "what made the vector: `builtin-v1`, `efficientnet-lite0`, or the name of a model",
            KEYWORD,
            first_only=True,
        ),
    )
    default: ClassVar[bool] = False
    later: ClassVar[bool] = True
    maker_field: ClassVar[str] = "embedder"

    def extract(self, picture: Picture) -> dict[str, Any]:
        """The vector of the upright picture, and the embedder's name."""
        return embedded(picture)
