"""Whether a service does for any picture what a pipeline asks for: then what failed is the fault of one picture."""

from __future__ import annotations

import time
from collections.abc import Sequence

from elastic_transport import TransportError
from elasticsearch import ApiError, Elasticsearch

from pipelines.cluster.called_pipelines import bodies_with_called
from pipelines.cluster.index_pipelines import readable_pipelines
from pipelines.cluster.sentences import CheckFailed
from pipelines.cluster.simulate import TINY_PNG, simulated
from pipelines.cluster.sources import value_at
from pipelines.recipes import recipes_of

# A service that takes longer for a tiny picture cannot do much for others now.
_TIMEOUT = "10s"
# A picture that took too long did so by itself if a tiny one takes less than this part of the time.
_QUICK = 0.5


def tried(client: Elasticsearch, pipelines: Sequence[str]) -> float | None:
    """The seconds in which a tiny picture gets all properties that these pipelines, and what they run, ask for.

    None if it does not, or if that is not known.

    Its operations are left out, as a stored picture has had them, and other processors, which may need more than it.
    """
    began = time.monotonic()
    recipes = _recipes(client, pipelines)
    if not recipes or not all(_is_done(client, recipe) for recipe in recipes):
        return None
    return time.monotonic() - began


def is_away(client: Elasticsearch, pipelines: Sequence[str]) -> bool:
    """Whether these pipelines ask a service for something, and it does not do that for a tiny picture either."""
    return not all(_is_done(client, recipe) for recipe in _recipes(client, pipelines))


def _recipes(client: Elasticsearch, pipelines: Sequence[str]) -> list[dict[str, object]]:
    return [
        {"field": "image", "timeout": _TIMEOUT} | {name: recipe[name] for name in ("properties",) if name in recipe}
        for body in bodies_with_called(pipelines, readable_pipelines(client))
        for recipe in recipes_of(body)
    ]


def is_quick(tiny: float | None, seconds: float) -> bool:
    """Whether the service is not at fault that a picture took too long, as it needed so long for a tiny one."""
    return tiny is not None and tiny < seconds * _QUICK


def _is_done(client: Elasticsearch, recipe: dict[str, object]) -> bool:
    body = {"processors": [{"image": recipe}]}
    try:
        made = value_at(simulated(client, body, {"image": {"data": TINY_PNG}}), "image")
    except (CheckFailed, ApiError, TransportError):
        return False
    return isinstance(made, dict) and "sha256" in made and "error" not in made
