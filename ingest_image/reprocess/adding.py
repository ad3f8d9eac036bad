"""New properties for pictures that are stored already: which of them a picture lacks is told by its recipe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import click

from pipelines.cluster.makers import targets_of
from pipelines.recipes import recipes_of
from pipelines.resources import Body
from processor_service.features import all_features
from processor_service.registry import entry_names
from processor_service.wire.recipe import recipe_hash

# By the hash of an earlier recipe, what its pictures lack.
Lacking = Mapping[str, tuple[str, ...]]


def lacking(pipelines: Sequence[Body], names: Sequence[str]) -> dict[str, Lacking]:
    """By target: the recipes that differ from that of its pipeline only in that they lack some of these properties.

    Raises ClickException for names that cannot be added, or that no pipeline asks for.
    """
    possible = sorted(name for name, feature in all_features().items() if feature.later)
    for name in names:
        if name not in possible:
            raise click.ClickException(f"{name} cannot be added to stored pictures; what can: {', '.join(possible)}")
    found: dict[str, Lacking] = {}
    for pipeline in pipelines:
        for recipe, target in zip(recipes_of(pipeline), targets_of(pipeline).values(), strict=False):
            properties = recipe.get("properties") or []
            asked = [name for name in names if name in entry_names(properties)]
            by_hash = {}
            for count in range(1, len(asked) + 1):
                for some in combinations(sorted(asked), count):
                    left = [entry for entry in properties if entry_names([entry])[0] not in some]
                    by_hash[recipe_hash(recipe.get("operations"), left)] = some
            if by_hash:
                found[target] = by_hash
    added = {name for by_hash in found.values() for some in by_hash.values() for name in some}
    for name in names:
        if name not in added:
            raise click.ClickException(
                f"the pipeline does not ask for {name}: add it to the properties of its processor image, and to later"
            )
    return found
