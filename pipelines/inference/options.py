"""The options of a processor `image` that the inference way supports."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from processor_service.operations import all_operations
from processor_service.registry import entry_names
from processor_service.wire.fields import vector_lists
from processor_service.wire.inference_way import RECIPE_KEYS

from ..resources import Body

# `document_operations` counts as false here, whatever its value, and nothing is added `later`.
_OPTIONS = frozenset(
    {"field", "ignore_missing", "on_invalid", "keep_invalid", "document_operations", "later", *RECIPE_KEYS}
)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


class NotExpressible(Exception):
    """The definition needs something that only the plugin does; the message says what."""


@dataclass(frozen=True)
class ImageOptions:
    """The options of one processor `image`, as far as this way supports them."""

    field: str
    recipe: dict[str, Any]
    ignore_missing: bool
    record_invalid: bool
    keep_invalid: bool

    @property
    def embeds(self) -> bool:
        """Whether the recipe makes visual vectors."""
        return "embedding" in entry_names(self.recipe.get("properties"))

    @property
    def vector_lists(self) -> dict[str, str]:
        """Lists of objects with a vector each that the recipe makes: name of the list, and of the vector."""
        lists = vector_lists()
        return {
            name: vector
            for property in entry_names(self.recipe.get("properties"))
            for name, vector in lists.get(property, {}).items()
        }

    @property
    def conceals(self) -> str | None:
        """The operation of the recipe that hides what must not be seen; None when there is none."""
        known = all_operations()
        names = entry_names(self.recipe.get("operations"))
        return next((name for name in names if name in known and known[name].conceals), None)

    @classmethod
    def of(cls, image: Body) -> ImageOptions:
        """Read them. Raises NotExpressible."""
        if unknown := sorted(image.keys() - _OPTIONS):
            raise NotExpressible(f"[{unknown[0]}] of the processor image needs the plugin")
        field = image.get("field", "image")
        if not _NAME.fullmatch(field):
            raise NotExpressible(f"field [{field}]: without the plugin it must be a name without dots")
        recipe = {key: image[key] for key in RECIPE_KEYS if key in image}
        if recipe.get("store") == "none":
            raise NotExpressible("[store] of the processor image: [none] needs the plugin")
        if "${" in json.dumps(recipe):
            # Elasticsearch would replace it with a parameter of that name.
            raise NotExpressible("the recipe contains ${, which an inference endpoint reads as a parameter")
        return cls(
            field,
            recipe,
            image.get("ignore_missing", False),
            image.get("on_invalid", "fail") == "record",
            image.get("keep_invalid", False),
        )


def image_options(definition: Body) -> ImageOptions:
    """The options of the one processor `image` in a pipeline. Raises NotExpressible."""
    images = [processor["image"] for processor in definition["processors"] if "image" in processor]
    if len(images) != 1:
        raise NotExpressible(f"a pipeline with one processor image is expected, there are {len(images)}")
    options = ImageOptions.of(images[0])
    if options.conceals and (options.keep_invalid or "on_failure" in definition):
        raise NotExpressible(
            f"[{options.conceals}] goes with neither keep_invalid nor an on_failure of the pipeline: "
            "without the plugin they would store the picture as it came"
        )
    return options
