"""Bounds what the one-off operations of a document may change in what the recipe does (docs/security.md).

The node decides which operations a document may ask for: by the pipeline's option `document_operations`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import Code, ImageError
from ..operations import Operation, longer
from ..operations.strip_metadata import StripMetadata
from ..picture import Picture
from ..pixels.scaling import scale


class _SizeLimit(Operation):
    """Note how large the picture may be after the document's operations."""

    recipe: tuple[Any, ...]

    def apply_to(self, picture: Picture) -> None:
        own, most = picture.image.size, None
        for operation in self.recipe:
            most = operation.most(own, most)
        picture.size_limit = most and longer(own, most)


class _WithinLimit(Operation):
    """Scale the picture down, never up, to the size that the recipe allows, upright or on its side."""

    def apply_to(self, picture: Picture) -> None:
        width, height = picture.image.size
        long, short = picture.size_limit or (width, height)
        ratio = min(1.0, long / max(width, height), short / min(width, height))
        if ratio < 1:
            size = max(1, round(width * ratio)), max(1, round(height * ratio))
            picture.frames = [scale(frame, size) for frame in picture.frames]


def within_limit(recipe: Sequence[Operation], wanted: Sequence[Operation]) -> tuple[Operation, ...]:
    """A document's operations, with operations around them that keep the recipe's size limit, if it has one."""
    limits = any(operation.most((1, 1), None) for operation in recipe)
    return (_SizeLimit(recipe=tuple(recipe)), *wanted, _WithinLimit()) if wanted and limits else tuple(wanted)


def check_kept(recipe: Sequence[Operation], wanted: Sequence[Operation]) -> None:
    """Raise ImageError `invalid_recipe` when a document would keep metadata that the recipe does not keep."""
    said: list[set[str]] = [set(operation.keep) for operation in recipe if isinstance(operation, StripMetadata)]
    kept = said[-1] if said else set() if recipe else {"icc"}
    for operation in wanted:
        if not isinstance(operation, StripMetadata) or "all" in kept:
            continue
        more = {str(name) for name in operation.keep} - kept
        if more:
            raise ImageError(
                Code.INVALID_RECIPE,
                f"operation [strip_metadata]: a document cannot keep {_listed(more)}, its pipeline's recipe keeps "
                f"{_listed(kept) if kept else 'nothing'}; it can only ask for less",
            )


def _listed(names: set[str]) -> str:
    return ", ".join(f"[{name}]" for name in sorted(names))
