"""The original in the store that a document's picture was made from (docs/store.md)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...errors import ImageError
from ...store.addresses import sha256_of
from ...wire.inference_way import Marked
from ...wire.marks import original_mark, source_mark
from ..stored_pictures import is_any, is_original

# What an error leaves of a picture that was normalized before, beside the picture itself.
KEPT = ("recipe", "mark", "source_mark", "original", "original_mark")


def original_of(document: Marked, sha256: str, keys: Iterable[bytes]) -> dict[str, Any] | None:
    """The original as a request names it; None when the document names none that its picture was made from.

    After one-off operations of the plugin's way the picture was made from itself.

    `sha256`: of the stored picture, in hex.
    """
    keys = list(keys)
    try:
        known = document.original and is_original(document.original, document.original_mark, keys)
    except ImageError:
        return None
    if not known:
        return None
    made = (source_mark(key, document.recipe, sha256_of(document.original), sha256) for key in keys)
    return {"key": document.original, "mark": document.original_mark} if is_any(document.source_mark, made) else None


def marks_of_original(original: str, recipe: str, sha256: str, key: bytes) -> dict[str, str]:
    """The marks of an original at this address, and of a picture that a recipe made from it; see `original_of`."""
    return {
        "original_mark": original_mark(key, original),
        "source_mark": source_mark(key, recipe, sha256_of(original), sha256),
    }
