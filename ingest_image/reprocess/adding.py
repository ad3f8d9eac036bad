"""New properties for pictures that are stored already: a picture's recipe says which of them are missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Protocol

import click

from pipelines.cluster.makers import targets_of
from pipelines.cluster.outdated import Exact
from pipelines.recipes import recipes_of
from pipelines.resources import Body
from processor_service.features import all_features, with_users
from processor_service.registry import entry_names
from processor_service.wire.recipe import recipe_hash


class Lacking(Protocol):
    """Knows which properties are to be added to pictures."""

    def query(self, target: str, exact: Exact) -> Body:
        """Finds documents with a picture that lacks something."""

    def names(self, picture: Mapping[str, Any]) -> tuple[str, ...]:
        """The properties that a picture lacks."""


@dataclass(frozen=True)
class AddedSince:
    """What pictures of earlier recipes lack, by the hash of such a recipe, with what uses that."""

    by_recipe: Mapping[str, tuple[str, ...]]

    def query(self, target: str, exact: Exact) -> Body:
        """Finds documents with such a picture."""
        return {"terms": {f"{target}.recipe": list(self.by_recipe)}}

    def names(self, picture: Mapping[str, Any]) -> tuple[str, ...]:
        """The properties that a picture lacks."""
        recipe = picture.get("recipe")
        return self.by_recipe.get(recipe, ()) if isinstance(recipe, str) else ()


def added_since(pipelines: Sequence[Body], names: Sequence[str]) -> dict[str, AddedSince]:
    """By target: the recipes that differ from that of its pipeline only in that they lack some of these properties.

    Raises ClickException for names that cannot be added, or that no pipeline asks for.
    """
    possible = sorted(name for name, feature in all_features().items() if feature.later)
    for name in names:
        if name not in possible:
            raise click.ClickException(f"{name} cannot be added to stored pictures; what can: {', '.join(possible)}")
    found: dict[str, AddedSince] = {}
    for pipeline in pipelines:
        for recipe, (_, target) in zip(recipes_of(pipeline), targets_of(pipeline), strict=False):
            properties = recipe.get("properties") or []
            asked = [name for name in names if name in entry_names(properties)]
            by_hash = {}
            for count in range(1, len(asked) + 1):
                for some in combinations(sorted(asked), count):
                    left = [entry for entry in properties if entry_names([entry])[0] not in some]
                    by_hash[recipe_hash(recipe.get("operations"), left)] = with_users(some, entry_names(properties))
            if by_hash:
                found[target] = AddedSince(by_hash)
    added = {name for one in found.values() for some in one.by_recipe.values() for name in some}
    for name in names:
        if name not in added:
            raise click.ClickException(
                f"the pipeline does not ask for {name}: add it to the properties of its processor image, and to later"
            )
    return found
