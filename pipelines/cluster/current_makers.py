"""The recipe and the models that a pipeline has now."""

from __future__ import annotations

from collections.abc import Sequence

import click
from elasticsearch import ApiError, Elasticsearch

from processor_service.features import all_features

from ..resources import Body
from .called_pipelines import targets_with_called
from .index_pipelines import installed_pipelines
from .makers import Maker
from .reasons import reason_of
from .sentences import CheckFailed, diagnose, diagnose_error
from .simulate import TINY_PNG, simulated
from .sources import nested, value_at


def current_makers(client: Elasticsearch, name: str) -> dict[str, Maker]:
    """Recipe and models by target field, found by sending a tiny picture through the pipeline.

    Raises:
        CheckFailed: the picture does not get through.
        NotFoundError: there is no such pipeline.
    """
    installed = installed_pipelines(client) | client.ingest.get_pipeline(id=name).body
    makers: dict[str, Maker] = {}
    for source, target in targets_with_called(name, installed):
        # Other processors of a user's pipeline may need more than this; then the failure says so.
        # All of it, even what the pipeline adds later.
        picture = {"data": TINY_PNG, "enrich": True}
        made = value_at(simulated(client, name, nested(source, picture)), target)
        if isinstance(made, dict) and isinstance(made.get("error"), dict):
            raise CheckFailed(diagnose_error(made["error"]))
        if isinstance(made, dict) and isinstance(made.get("recipe"), str):
            makers[target] = Maker(made["recipe"], _models(made), _dims(made))
    return makers


def _models(made: Body) -> dict[str, str]:
    """What made each property of a picture, as its fields say."""
    said = ((name, made.get(feature.maker_field)) for name, feature in all_features().items())
    return {name: value for name, value in said if isinstance(value, str)}


def _dims(made: Body) -> int | None:
    vector = made.get("embedding")
    return len(vector) if isinstance(vector, list) else None


def makers_or_sentence(client: Elasticsearch, names: Sequence[str]) -> dict[str, Maker]:
    """`current_makers` of pipelines that run one after the other, with failures as ClickException."""
    makers: dict[str, Maker] = {}
    for name in names:
        try:
            makers |= current_makers(client, name)
        except CheckFailed as failed:
            raise click.ClickException(f"a test picture does not get through the pipeline {name}: {failed}") from failed
        except ApiError as error:
            raise click.ClickException(f"the pipeline {name} cannot be tried: {diagnose(reason_of(error))}") from error
    if not makers:
        raise click.ClickException(f"the pipeline {', '.join(names)} has no processor image, so it has no recipe")
    return makers
