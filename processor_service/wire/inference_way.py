"""What pipelines without the plugin and the service say to each other (docs/inference-way.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

# Where an endpoint of service `custom` sends a picture, and one of service `openai`.
COMPLETION_PATH, CHAT_PATH = "/v1/inference/completion", "/v1/chat/completions"
# What an endpoint says beside the picture. Its values are those of the processor's options.
RECIPE_KEYS = ("operations", "properties", "truncated", "store", "originals")
# The pipeline writes these after the picture, always all of them and in this order.
PARTS = (
    "mark",
    "thumbnail_mark",
    "thumbnail",
    "sha256",
    "stored",
    "recipe",
    "original",
    "original_mark",
    "source_mark",
)
# What pipelines that know no originals, or no store, write; clients that have a mark only.
_FEWER = (PARTS[:6], PARTS[:4], PARTS[:1])
# This follows the mark of a picture whose vector is missing: since 9.2 Elasticsearch returns documents without vectors.
VECTOR_MISSING = ":lacking"


@dataclass(frozen=True)
class Marked:
    """A picture and what its document says about it. A text is empty when the document says nothing."""

    data: Any
    mark: str = ""
    thumbnail_mark: str = ""
    thumbnail: str = ""
    # Of a picture that the document no longer holds; empty when there is data.
    sha256: str = ""
    # Where it is in the store instead, and the hash of the recipe that made it.
    stored: str = ""
    recipe: str = ""
    # Where its original is in the store, with the signatures of that, and that the picture was made from it.
    original: str = ""
    original_mark: str = ""
    source_mark: str = ""
    vector_missing: bool = False

    @classmethod
    def parse(cls, text: Any) -> Marked:
        """Read data alone, data followed by `;mark=...`, or data followed by all parts."""
        for names in (PARTS, *_FEWER) if isinstance(text, str) else ():
            data, *parts = text.rsplit(";", len(names))
            split = [part.partition("=") for part in parts]
            # The head of a data URL may hold anything, but a comma and the picture follow it.
            if [name for name, _, _ in split] == list(names) and "," not in parts[-1]:
                values = {name: value for name, _, value in split}
                vector_missing = values["mark"].endswith(VECTOR_MISSING)
                return cls(
                    data,
                    **values | {"mark": values["mark"].removesuffix(VECTOR_MISSING)},
                    vector_missing=vector_missing,
                )
        return cls(text)
