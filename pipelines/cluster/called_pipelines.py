"""Which pipelines a pipeline runs through the processor `pipeline`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..recipes import recipes_of
from ..resources import Body
from .makers import targets_of


def with_called(name: str, installed: Mapping[str, Body]) -> list[str]:
    """The pipeline and all that it runs, each once. A name that a template makes of the document is not followed."""
    found: list[str] = []
    waiting = [name]
    while waiting:
        one = waiting.pop(0)
        if one not in found:
            found.append(one)
            waiting += _called(installed.get(one, {}))
    return found


def bodies_with_called(names: Iterable[str], installed: Mapping[str, Body]) -> list[Body]:
    """These pipelines and all that they run, each once; empty ones for those that are not there."""
    found = dict.fromkeys(one for name in names for one in with_called(name, installed))
    return [installed.get(name, {}) for name in found]


def targets_with_called(name: str, installed: Mapping[str, Body]) -> list[tuple[str, str]]:
    """Source and target field of each `image` processor that a document of this pipeline meets."""
    found = [pair for one in with_called(name, installed) for pair in targets_of(installed.get(one, {}))]
    return list(dict.fromkeys(found))


def target_fields(names: Iterable[str], installed: Mapping[str, Body]) -> list[str]:
    """The fields to which these pipelines, and what they run, write pictures: each once."""
    return list(dict.fromkeys(target for name in names for _, target in targets_with_called(name, installed)))


def later_fields(names: Iterable[str], installed: Mapping[str, Body]) -> set[str]:
    """The fields whose pictures get properties later, by these pipelines and what they run."""
    return {
        target
        for body in bodies_with_called(names, installed)
        for recipe, (_, target) in zip(recipes_of(body), targets_of(body), strict=False)
        if recipe.get("later")
    }


def _called(holder: Mapping[str, Any]) -> Iterator[str]:
    """From a pipeline, or from a processor's options, which may have processors in them."""
    for key in ("processors", "on_failure", "processor"):
        value = holder.get(key) or []
        for processor in value if isinstance(value, list) else [value]:
            for type, options in processor.items():
                if not isinstance(options, dict):
                    continue
                name = options.get("name") if type == "pipeline" else None
                if isinstance(name, str) and "{{" not in name:
                    yield name
                yield from _called(options)
