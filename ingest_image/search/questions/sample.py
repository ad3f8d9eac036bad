"""A picture as the question: the fields that another picture is compared with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from pipelines.cluster.sources import flat

from ...overlay import Layer
from ..stored.picture import Color, DocumentPicture, number, pictures_of


@dataclass(frozen=True)
class Sample:
    """What is known of a picture. `identity` is (index, id) of a stored one, which is not a hit of itself."""

    name: str
    sha256: frozenset[str] = frozenset()
    hashes: tuple[str, ...] = ()
    # Those that can be compared: with a share and a place.
    colors: tuple[Color, ...] = ()
    embeddings: tuple[tuple[float, ...], ...] = ()
    # What made the embeddings: vectors of different embedders cannot be compared.
    embedder: str | None = None
    identity: tuple[str, str] | None = None
    # Its pixels, small, to be laid over others. Those of a stored picture are read when they are needed.
    layer: Layer | None = field(default=None, compare=False, repr=False)


def sample_of(
    name: str,
    image: Any,
    *,
    identity: tuple[str, str] | None = None,
    embedding_field: str | None = None,
    embeddings: Iterable[Any] = (),
) -> Sample:
    """The sample of a document's `image`, which may be one picture or a list.

    `embeddings` are vectors that did not come in `image`: Elasticsearch 9 leaves them out of `_source`.
    """
    pictures = pictures_of(image)
    vectors = [found for vector in embeddings if (found := vector_of(vector))]
    if embedding_field and not vectors:
        inside = (_inside(picture.raw, embedding_field.removeprefix("image.")) for picture in pictures)
        vectors = [found for vector in inside if (found := vector_of(vector))]
    return Sample(
        name=name,
        sha256=frozenset(value for picture in pictures for value in sha256_of(picture)),
        hashes=tuple(value for picture in pictures for value in picture.hashes),
        colors=tuple(color for picture in pictures[:1] for color in picture.colors if color.lab and color.share),
        embeddings=tuple(vectors),
        embedder=next((picture.embedder for picture in pictures if picture.embedder), None),
        identity=identity,
    )


def sha256_of(picture: DocumentPicture) -> list[str]:
    """SHA-256 of the stored picture and of the original."""
    return [value for value in (picture.sha256, picture.original_sha256) if value]


def vector_of(value: Any) -> tuple[float, ...]:
    """The numbers of a vector; empty if it is not a vector, or has no direction."""
    numbers = [number(part) for part in flat(value)] if isinstance(value, list | tuple) else []
    found = tuple(part for part in numbers if part is not None)
    return found if len(found) == len(numbers) and any(found) else ()


def _inside(value: Any, path: str) -> Any:
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value
