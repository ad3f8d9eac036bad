"""The form of the pipeline `images` that also recognizes, which enrichers do later: nobody waits for it.

An installation keeps the form that it has: another recipe would have the pictures of older documents made again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from elasticsearch import ApiError, Elasticsearch

from ..cluster.reasons import reason_of
from ..cluster.sentences import RECOGNITION_OFF, CheckFailed
from ..cluster.simulate import TINY_PNG, simulated
from ..recipes import recipes_of, recognizes
from ..resources import DEFAULT_PIPELINE, Body, Kind, Resource, marked
from .plan import Fate, Step

# The bundled pipeline that has this recipe.
_RECOGNIZED = "images-recognized"
_UNDECIDED = "recognition_undecided"


def recognizing(definitions: Sequence[Resource]) -> list[Resource]:
    """The definitions with `images` in this form."""
    bodies = {one.name: one.body for one in definitions if one.kind is Kind.PIPELINE}
    recognized, plain = bodies[_RECOGNIZED], bodies[DEFAULT_PIPELINE]
    (recipe,) = recipes_of(recognized)
    description = f"{plain['description']}; ingest-image enrich adds what is recognized: {', '.join(recipe['later'])}"
    body = marked({**recognized, "description": description, "version": plain["version"]})
    return [
        replace(one, body=body) if (one.kind, one.name) == (Kind.PIPELINE, DEFAULT_PIPELINE) else one
        for one in definitions
    ]


def is_recognizing(pipeline: Body) -> bool:
    """Whether a pipeline recognizes anything."""
    return any(map(recognizes, recipes_of(pipeline)))


def remarks(steps: Sequence[Step]) -> Iterator[str]:
    """Sentences about what has to run, after these steps, or what could be had."""
    of_name = {step.resource.name: step for step in steps if step.resource.kind is Kind.PIPELINE}
    step, recognized = of_name[DEFAULT_PIPELINE], of_name[_RECOGNIZED]
    (recipe,) = recipes_of(recognized.resource.body) or ({},)
    names = sorted(recipe.get("later", ()))
    if is_recognizing(step.body or step.resource.body):
        if step.fate.changes:
            yield (
                f"the pipeline {DEFAULT_PIPELINE} leaves what is recognized ({', '.join(names)}) to ingest-image "
                "enrich: let one run (docs/enrich.md). Without one nothing else is missing; bootstrap --no-recognize "
                "asks for nothing"
            )
        if step.fate is Fate.UPDATED:
            added = f"ingest-image enrich --add {','.join(names)} INDEX"
            yield f"older documents get it by {added}, best before others write to them"
    elif step.fate is Fate.CURRENT and names and recognized.fate is not Fate.LACKING:
        yield (
            f"the pipeline {DEFAULT_PIPELINE} recognizes nothing, as it was installed: with bootstrap --recognize it "
            "does, and ingest-image enrich adds what is recognized"
        )


def service_recognizes(client: Elasticsearch) -> bool | None:
    """Whether the nodes' service recognizes things, found by a tiny picture; None if it cannot be asked now."""
    # First whether it is there at all: its models may still be loading, which is waited for.
    for properties, timeout in (([], "5s"), (["labels"], "30s")):
        processor = {"image": {"properties": properties, "timeout": timeout}}
        try:
            simulated(client, {"processors": [processor]}, {"image": {"data": TINY_PNG}})
        except (ApiError, CheckFailed) as error:
            reason = reason_of(error) if isinstance(error, ApiError) else str(error)
            return False if RECOGNITION_OFF in reason else None
    return True


def undecided(pipeline: Body) -> Body:
    """The pipeline as it is installed while the service cannot be asked: the next run asks again."""
    return marked(pipeline | {"_meta": {**pipeline["_meta"], _UNDECIDED: True}})


def is_undecided(pipeline: Body) -> bool:
    """Whether nobody has chosen the form of an installed pipeline yet."""
    return bool((pipeline.get("_meta") or {}).get(_UNDECIDED))
