"""embedding."""

from __future__ import annotations

from typing import Any, ClassVar

from ..embedders import embedded
from ..picture import Picture
from ..pixels.reduced import over_white, reduced
from . import Feature


class Embedding(Feature):
    """A vector of what the picture shows, by which alike pictures are found (docs/likeness.md)."""

    produces: ClassVar[tuple[str, ...]] = ("embedding", "embedder")
    default: ClassVar[bool] = False
    only_first: ClassVar[tuple[str, ...]] = produces

    def extract(self, picture: Picture) -> dict[str, Any]:
        """The vector of the upright picture, transparent parts over white, and the embedder's name."""
        return embedded(over_white(reduced(picture)).convert("RGB"))
