"""Features: what is extracted from a picture. One file each, with its parameters and its fields."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable
from typing import Any, ClassVar

from ..fields import DocumentField
from ..picture import Picture
from ..registry import RecipeEntry, scan


class Feature(RecipeEntry):
    """Something a recipe's `properties` can ask for."""

    # The document fields that it makes; names are relative to the target.
    fields: ClassVar[tuple[DocumentField, ...]] = ()
    # Whether it is extracted when a pipeline names no `properties`.
    default: ClassVar[bool] = True
    # Whether it reads what only the original has. A picture that is already normalized keeps these fields.
    of_source: ClassVar[bool] = False
    # Whether a pipeline may have it added to a picture that is stored already (docs/enrich.md).
    later: ClassVar[bool] = False
    # Name of the field that says what made the others, with its version: when the same picture would get other values,
    # the value changes, and `ingest-image enrich --stale` finds what is older (docs/enrich.md). Empty: nothing says so.
    maker_field: ClassVar[str] = ""
    # Names of features that have to come before it if the recipe asks for them: it uses what they find.
    uses: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def produces(cls, position: int = 0) -> list[str]:
        """Names of its fields directly under the target, for the picture at a position (from 0) of a list."""
        return list(dict.fromkeys(field.top for field in cls.fields if position == 0 or not field.first_only))

    def extract(self, picture: Picture) -> dict[str, Any]:
        """Read the fields from the finished picture. A field that does not apply is left out."""
        raise TypeError(f"feature {self.name()} does not implement extract")


def all_features() -> dict[str, Any]:
    """Every feature by name."""
    return scan(sys.modules[__name__], Feature)


def with_users(names: Iterable[str], wanted: Collection[str]) -> tuple[str, ...]:
    """These names of features, sorted, and of the `wanted` ones those that use what these find, and find more then."""
    found = set(names)
    users = (name for name, feature in all_features().items() if name in wanted and not found.isdisjoint(feature.uses))
    return tuple(sorted(found.union(users)))
