"""What became of a document's picture, told from its fields; Elasticsearch cannot search for all of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from pipelines.cluster.sources import can_be_processed, pictures_at, value_at
from pipelines.picture_fields import PICTURES, VECTORS

from ..search.picture import pictures_of

# What is large, or comes back in another form on some versions; the other fields tell a picture as well.
HEAVY = tuple(dict.fromkeys(name.partition(".")[0] for name in (*PICTURES, *VECTORS)))
# What processing leaves in every picture, unless it leaves an error.
_MARKS = ("sha256", "recipe", "mark")


def light(targets: Sequence[str]) -> dict[str, list[str]]:
    """A source filter for the targets without what is heavy."""
    return {"includes": list(targets), "excludes": [f"{target}.{name}" for target in targets for name in HEAVY]}


def telling(targets: Sequence[str]) -> dict[str, list[str]]:
    """A source filter for what `is_unprocessed` outcome at: never a picture, not even one that is a bare string."""
    return {"includes": [f"{target}.{name}" for target in targets for name in (*_MARKS, "error")]}


def is_unprocessed(source: Any, target: str, whole: bool = True) -> bool:
    """Whether a picture at the target has neither an error nor all the fields that processing leaves.

    Of a document that was not read as a `whole`, whatever is there counts as a picture.
    """
    return any(
        not _is_done(picture) and (not whole or can_be_processed(picture)) for picture in pictures_at(source, target)
    )


def is_list(source: Any, target: str) -> bool:
    """Whether there are several: a source filter leaves those out that have nothing of what is asked for."""
    return isinstance(value_at(source, target), list)


def _is_done(picture: Any) -> bool:
    if not isinstance(picture, dict):
        return False
    (read,) = pictures_of(picture)
    return read.error is not None or all(picture.get(name) for name in _MARKS)


def fingerprint(source: Any, targets: Sequence[str]) -> str:
    """Equal for documents whose pictures have equal fields, however they are written."""
    found = [_without_heavy(value_at(source, target)) for target in targets]
    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()


def _without_heavy(value: Any) -> Any:
    """As a source filter leaves it: what became empty is gone."""
    if isinstance(value, list):
        return [found for part in value if (found := _without_heavy(part)) not in ({}, None)] or None
    if isinstance(value, dict):
        return {name: part for name, part in value.items() if name not in HEAVY} or None
    return None if isinstance(value, str) else value


def error_codes(source: Any, targets: Sequence[str]) -> list[str]:
    """The code of each picture's error."""
    pictures = (picture for target in targets for picture in pictures_of(value_at(source, target)))
    return [picture.error.code for picture in pictures if picture.error]
