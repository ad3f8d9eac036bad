"""The recipe that a pipeline has now; documents made with an earlier one can be recognized by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import click
from elasticsearch import ApiError, Elasticsearch

from processor_service.features import all_features

from ..resources import Body, is_ours
from .reasons import reason_of
from .sentences import CheckFailed, diagnose, diagnose_error
from .simulate import TINY_PNG, simulated
from .sources import nested, value_at


@dataclass(frozen=True)
class Maker:
    """What a pipeline makes pictures with: the hash of its recipe, and by property the model, with its version.

    `dims`: the length of its vectors, if that is known.
    """

    recipe: str
    models: Mapping[str, str] = field(default_factory=dict)
    dims: int | None = None

    def without(self, name: str) -> Maker:
        """The same without the model of a property."""
        return replace(self, models={one: model for one, model in self.models.items() if one != name})

    @property
    def embedder(self) -> str | None:
        """What makes the vectors; None if the recipe asks for none."""
        return self.models.get("embedding")


def targets_of(pipeline: Body) -> list[tuple[str, str]]:
    """Source and target field of each `image` processor in turn, also of our pipelines in their inference form.

    Several may read one source.
    """
    if is_inference_form(pipeline):
        return [("image", "image")]
    options = [processor["image"] for processor in pipeline.get("processors", ()) if "image" in processor]
    sources = [(option.get("field", "image"), option) for option in options]
    return [(source, option.get("target_field", source)) for source, option in sources]


def fields_of_pictures(pipeline: Body) -> tuple[str, ...] | None:
    """Fields that a pipeline reads pictures from or writes them to; None if other processors may move pictures."""
    if not is_ours(pipeline) and any("image" not in processor for processor in pipeline.get("processors", ())):
        return None
    return tuple(dict.fromkeys(field for pair in targets_of(pipeline) for field in pair))


def is_inference_form(pipeline: Body) -> bool:
    """Whether the pipeline is one of ours and works without the plugin."""
    return is_ours(pipeline) and any("inference" in processor for processor in pipeline.get("processors", ()))


def current_makers(client: Elasticsearch, name: str) -> dict[str, Maker]:
    """Recipe and models by target field, found by sending a tiny picture through the pipeline.

    Raises:
        CheckFailed: the picture does not get through.
        NotFoundError: there is no such pipeline.
    """
    targets = targets_of(client.ingest.get_pipeline(id=name).body[name])
    makers: dict[str, Maker] = {}
    for source, target in dict.fromkeys(targets):
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


def stale_query(target: str, maker: Maker) -> Body:
    """Finds documents in which another recipe or embedder made any of the pictures."""
    # "Not this recipe" would miss a list in which one picture is current.
    now = {f"{target}.recipe": maker.recipe} | ({f"{target}.embedder": maker.embedder} if maker.embedder else {})
    others = [{"range": {field: {side: value}}} for field, value in now.items() for side in ("lt", "gt")]
    return {"bool": {"should": others, "minimum_should_match": 1}}


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
