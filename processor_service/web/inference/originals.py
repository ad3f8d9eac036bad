"""The original in the store that a document's picture was made from (docs/store.md)."""

from __future__ import annotations

from collections.abc import Iterable

from ...errors import ImageError
from ...store.addresses import sha256_of
from ...wire.inference_way import Marked
from ...wire.marks import original_mark, source_mark
from ..stored_pictures import is_any, is_original

# What a document keeps of it when a picture is refused, beside the original's own fields.
MARKS = ("source_mark", "original_mark")


def original_marks(document: Marked, recipe: str, sha256: str, keys: Iterable[bytes]) -> dict[str, str]:
    """What is signed of the original that a recipe (its hash) made this picture from, by the first of the keys.

    Nothing when the document names none, or one that its picture was not made from: after one-off operations of the
    plugin's way a picture is made from itself.

    `sha256`: of the picture, in hex.
    """
    keys, original = list(keys), document.original
    try:
        known = original and is_original(original, document.original_mark, keys)
    except ImageError:
        return {}
    if not known:
        return {}
    made = [source_mark(key, recipe, sha256_of(original), sha256) for key in keys]
    if not is_any(document.source_mark, made):
        return {}
    return {"source_mark": made[0], "original_mark": original_mark(keys[0], original)}
