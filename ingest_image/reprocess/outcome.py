"""Tells from a document's fields what became of its pictures; Elasticsearch cannot search for all of this."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from pipelines.cluster.sources import can_be_processed, pictures_at, value_at
from pipelines.picture_fields import PICTURES, VECTORS

from ..search.stored.picture import pictures_of

# Fields that are large, or come back in another form on some versions; the others are enough to compare pictures.
HEAVY = tuple(dict.fromkeys(name.partition(".")[0] for name in (*PICTURES, *VECTORS)))
# Fields of every processed picture that has no error.
_MARKS = ("sha256", "recipe", "mark")


def light(targets: Sequence[str]) -> dict[str, list[str]]:
    """A source filter for the targets without heavy fields."""
    return {"includes": list(targets), "excludes": [f"{target}.{name}" for target in targets for name in HEAVY]}


def telling(targets: Sequence[str]) -> dict[str, list[str]]:
    """A source filter for what `is_unprocessed` and `is_elsewhere` need; never a picture, not even a bare string."""
    return {"includes": [f"{target}.{name}" for target in targets for name in (*_MARKS, "error", "stored")]}


def is_elsewhere(source: Any, target: str, place: str) -> bool:
    """Whether a processed picture at the target is in this place: `external`, the store, or `data`, the document."""
    processed = [one for one in pictures_at(source, target) if isinstance(one, dict) and one.get("sha256")]
    return any(bool(picture.get("stored")) is (place == "external") for picture in processed)


def is_unprocessed(source: Any, target: str, whole: bool = True) -> bool:
    """Whether a picture at the target has neither an error nor all the fields that processing leaves.

    If the document was not read as a `whole`, any value counts as a picture.
    """
    return any(
        not _is_done(picture) and (not whole or can_be_processed(picture)) for picture in pictures_at(source, target)
    )


def is_list(source: Any, target: str) -> bool:
    """Whether the target is a list: a source filter leaves out its pictures that have none of the fields."""
    return isinstance(value_at(source, target), list)


def _is_done(picture: Any) -> bool:
    if not isinstance(picture, dict):
        return False
    (read,) = pictures_of(picture)
    return read.error is not None or all(picture.get(name) for name in _MARKS)


def fingerprint(source: Any, targets: Sequence[str]) -> str:
    """Equal for documents whose pictures have equal fields, however the names are written."""
    found = [_without_heavy(value_at(source, target)) for target in targets]
    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()


def _without_heavy(value: Any) -> Any:
    """The value without heavy fields; as in a source filter, what becomes empty is removed."""
    if isinstance(value, list):
        return [found for part in value if (found := _without_heavy(part)) not in ({}, None)] or None
    if isinstance(value, dict):
        return {name: part for name, part in value.items() if name not in HEAVY} or None
    return None if isinstance(value, str) else value


def error_codes(source: Any, targets: Sequence[str]) -> list[str]:
    """The code of each picture's error."""
    pictures = (picture for target in targets for picture in pictures_of(value_at(source, target)))
    return [picture.error.code for picture in pictures if picture.error]
