"""The options of a processor `image` that the inference way supports."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from ..resources import Body

_RECIPE = ("operations", "properties", "truncated")
# `document_operations` counts as false here, whatever its value.
_OPTIONS = frozenset({"field", "ignore_missing", "on_invalid", "keep_invalid", "document_operations", *_RECIPE})
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
        entries = self.recipe.get("properties") or ()
        return any("embedding" in ([entry] if isinstance(entry, str) else entry) for entry in entries)

    @classmethod
    def of(cls, image: Body) -> ImageOptions:
        """Read them. Raises NotExpressible."""
        if unknown := sorted(image.keys() - _OPTIONS):
            raise NotExpressible(f"[{unknown[0]}] of the processor image needs the plugin")
        field = image.get("field", "image")
        if not _NAME.fullmatch(field):
            raise NotExpressible(f"field [{field}]: without the plugin it must be a name without dots")
        recipe = {key: image[key] for key in _RECIPE if key in image}
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
    return ImageOptions.of(images[0])
