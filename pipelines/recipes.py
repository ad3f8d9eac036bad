"""The recipes of pipelines, and what they ask of a service."""

from __future__ import annotations

from typing import Any

from processor_service.features import all_features
from processor_service.operations import all_operations
from processor_service.registry import IDENTITY, entry_names

from .resources import Body


def recipes_of(pipeline: Body) -> list[Body]:
    """The options of each processor `image`, which have the recipe."""
    return [processor["image"] for processor in pipeline.get("processors", ()) if "image" in processor]


def recognizes(recipe: Body) -> bool:
    """Whether a recipe asks for something that needs recognition, which a service may lack."""
    known = [*all_operations().values(), *all_features().values()]
    return not {entry.name() for entry in known if entry.recognizes}.isdisjoint(entry_names(_entries(recipe)))


def identifies(recipe: Body) -> bool:
    """Whether a recipe asks whose faces they are."""
    parameters = [value for entry in _entries(recipe) if isinstance(entry, dict) for value in entry.values()]
    return any(isinstance(value, dict) and value.get(IDENTITY) is True for value in parameters)


def at_once(recipe: Body) -> Body:
    """The part of a recipe that a document waits for: without the properties that are added later."""
    later = recipe.get("later") or ()
    properties = [entry for entry in recipe.get("properties") or () if set(entry_names([entry])).isdisjoint(later)]
    return recipe | {"properties": properties}


def uses_store(recipe: Body) -> bool:
    """Whether pictures, or what they were made from, go into the service's store."""
    return "external" in (recipe.get("store"), recipe.get("originals"))


def _entries(recipe: Body) -> list[Any]:
    """Its operations and properties."""
    return [entry for key in ("operations", "properties") for entry in recipe.get(key) or ()]
