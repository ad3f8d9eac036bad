"""A picture as the question: the fields that another picture is compared with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Sample:
    """What is known of the picture. `identity` is (index, id) of a stored one, which is no answer to itself."""

    name: str
    sha256: frozenset[str] = frozenset()
    hashes: tuple[str, ...] = ()
    colors: tuple[dict[str, Any], ...] = ()
    embeddings: tuple[tuple[float, ...], ...] = ()
    # What made the embeddings: vectors of different embedders have nothing to do with each other.
    embedder: str | None = None
    identity: tuple[str, str] | None = None


def sample_of(
    name: str,
    image: Any,
    *,
    identity: tuple[str, str] | None = None,
    embedding_field: str | None = None,
    embeddings: Iterable[Any] = (),
) -> Sample:
    """The sample that a document's `image` makes, be it one picture or a list.

    `embeddings` are vectors that came another way than in `image`: Elasticsearch 9 leaves them out of `_source`.
    """
    pictures = pictures_of(image)
    vectors = [tuple(map(float, vector)) for vector in embeddings if vector]
    if embedding_field and not vectors:
        found = (_inside(picture, embedding_field.removeprefix("image.")) for picture in pictures)
        vectors = [tuple(map(float, vector)) for vector in found if isinstance(vector, list) and vector]
    return Sample(
        name=name,
        sha256=frozenset(value for picture in pictures for value in sha256_of(picture)),
        hashes=tuple(value for picture in pictures if (value := hash_of(picture))),
        colors=tuple(color for picture in pictures[:1] for color in picture.get("colors") or () if "l" in color),
        embeddings=tuple(vectors),
        embedder=next((str(picture["embedder"]) for picture in pictures if picture.get("embedder")), None),
        identity=identity,
    )


def pictures_of(image: Any) -> list[dict[str, Any]]:
    """The pictures of a document's `image`, which is an object, a list of them, or missing."""
    return [picture for picture in (image if isinstance(image, list) else [image]) if isinstance(picture, dict)]


def sha256_of(picture: dict[str, Any]) -> list[str]:
    """SHA-256 of the stored picture and of the one that came in."""
    values = (picture.get("sha256"), (picture.get("original") or {}).get("sha256"))
    return [value for value in values if isinstance(value, str)]


def hash_of(picture: dict[str, Any]) -> str | None:
    """The picture's hash; one that has too little structure has none. As text, which `_source` has on all versions."""
    value = (picture.get("perceptual_hashes") or {}).get("hex")
    return value if isinstance(value, str) else None


def _inside(value: Any, path: str) -> Any:
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value
