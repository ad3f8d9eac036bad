"""Where the pipelines of indices put pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from elasticsearch import Elasticsearch

from pipelines.cluster.called_pipelines import with_called
from pipelines.cluster.index_pipelines import installed_pipelines, pipelines_of, settings_by_index
from pipelines.cluster.makers import is_inference_form
from pipelines.inference.endpoints import recipe_of
from pipelines.recipes import recipes_of
from pipelines.resources import Body


def recipes_by_pipeline(client: Elasticsearch, index: str) -> dict[str, list[Body]]:
    """The recipes of each pipeline that documents of these indices meet, in either form. Raises ApiError."""
    installed = installed_pipelines(client)
    names = {name for settings in settings_by_index(client, index).values() for name in _met(settings, installed)}
    return {name: _recipes(client, installed.get(name, {})) for name in sorted(names)}


def storing_indices(client: Elasticsearch, index: str) -> set[str]:
    """Those of the indices whose pipelines put pictures into the store."""
    installed = installed_pipelines(client)
    return {
        name
        for name, settings in settings_by_index(client, index).items()
        for met in _met(settings, installed)
        if any(recipe.get("store") == "external" for recipe in _recipes(client, installed.get(met, {})))
    }


def _met(settings: Mapping[str, Any], installed: Mapping[str, Body]) -> Iterator[str]:
    """The pipelines of an index, and what they call."""
    for name in pipelines_of(settings):
        yield from with_called(name, installed)


def _recipes(client: Elasticsearch, pipeline: Body) -> list[Body]:
    return [recipe_of(client, pipeline)] if is_inference_form(pipeline) else recipes_of(pipeline)
