"""What a pipeline makes pictures with; documents made with an earlier recipe can be recognized by it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ..resources import Body, is_ours


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


def stale_query(target: str, maker: Maker) -> Body:
    """Finds documents in which another recipe or embedder made any of the pictures."""
    # "Not this recipe" would miss a list in which one picture is current.
    now = {f"{target}.recipe": maker.recipe} | ({f"{target}.embedder": maker.embedder} if maker.embedder else {})
    others = [{"range": {field: {side: value}}} for field, value in now.items() for side in ("lt", "gt")]
    return {"bool": {"should": others, "minimum_should_match": 1}}
