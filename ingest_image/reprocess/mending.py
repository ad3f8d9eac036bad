"""What is changed in a document before it is sent to the pipeline, which leaves marked pictures alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from pipelines.cluster.makers import Maker
from pipelines.cluster.sources import flat
from processor_service.hash_bands import bands

from .adding import Lacking

_HASH = re.compile(r"[0-9a-f]{64}")


def mend(
    source: Any,
    makers: Mapping[str, Maker],
    banded: Iterable[str],
    enriched: Iterable[str] = (),
    lacking: Mapping[str, Lacking] | None = None,
) -> None:
    """Remove vectors of other embedders than those of `makers`, and add bands to the hashes of the `banded` targets.

    Pictures of the `enriched` targets ask for what is pending. What a picture is `lacking` is pending.

    The node adds a missing vector to a marked picture. Bands are made of the hash alone, so it is not asked for them.
    """
    for target, maker in makers.items():
        for picture in pictures_in(source, target):
            if maker.embedder and picture.get("embedder") not in (None, maker.embedder):
                picture.pop("embedding", None)
                picture.pop("embedder")
    for target in enriched:
        for picture in pictures_in(source, target):
            if picture.get("pending"):
                picture["enrich"] = True
    for target, known in (lacking or {}).items():
        for picture in pictures_in(source, target):
            if names := known.names(picture):
                before = [name for name in flat(picture.get("pending")) if isinstance(name, str)]
                picture["pending"] = sorted({*names, *before})
    for target in banded:
        for picture in pictures_in(source, target):
            for part in _objects(picture.get("perceptual_hashes")):
                if "bands" not in part and isinstance(value := part.get("hex"), str) and _HASH.fullmatch(value):
                    part["bands"] = bands(value)


def pictures_in(source: Any, path: str) -> list[dict[str, Any]]:
    """The document's own pictures at a dotted path of objects, to be changed."""
    for part in path.split("."):
        source = source.get(part) if isinstance(source, dict) else None
    return _objects(source)


def _objects(value: Any) -> list[dict[str, Any]]:
    return [part for part in (value if isinstance(value, list) else [value]) if isinstance(part, dict)]
