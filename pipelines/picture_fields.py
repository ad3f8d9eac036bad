"""The fields of a picture that answers leave out, by what they hold. Names are relative to the target field."""

from __future__ import annotations

from collections.abc import Iterable

from processor_service.features import all_features
from processor_service.fields import BINARY, LOOKED_UP, NOT_INDEXED, SIGNATURE
from processor_service.wire.fields import all_fields

# Base64 of a picture.
PICTURES = tuple(field.name for field in all_fields() if field.mapping == BINARY)
# Signatures, which only the node reads. A placeholder is mapped in the same way.
MARKS = tuple(field.name for field in all_fields() if field.mapping == SIGNATURE and not field.holds_picture)
VECTORS = tuple(field.name for field in all_fields() if field.mapping["type"] == "dense_vector")
# Places of what was recognized: long lists that only the page of a picture shows.
PLACES = tuple(field.name for field in all_fields() if field.mapping == NOT_INDEXED)
# Pieces of hashes, which say nothing that the hash does not.
PIECES = tuple(field.name for field in all_fields() if field.mapping == LOOKED_UP)
# All that recognition found.
RECOGNIZED = tuple(name for feature in all_features().values() if feature.recognizes for name in feature.produces())


def under(names: Iterable[str], target: str = "image") -> list[str]:
    """The names as they are in a document whose picture is in `target`."""
    return [f"{target}.{name}" for name in names]
