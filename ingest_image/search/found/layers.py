"""Reads the small pictures of documents, to lay them over each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from elasticsearch import Elasticsearch

from ...overlay import Layer, layer_of
from ..comparing.union import Key
from ..questions.bounds import impatient
from .documents import read_documents
from .hits import hit_of

# Documents in one answer: anybody may write a large "thumbnail".
AT_A_TIME = 8
# Stored pictures are much larger than thumbnails.
_STORED_AT_A_TIME = 2


def layers(client: Elasticsearch, keys: Sequence[Key]) -> dict[Key, Layer]:
    """The first picture of each of these documents (index, id): its thumbnail, or without one the stored picture.

    Those that cannot be read are left out, and those that the service refused: nobody has checked their bytes.
    """
    found = _read(client, keys, "thumbnail", AT_A_TIME)
    rest = [key for key in keys if key not in found]
    return found | _read(client, rest, "data", _STORED_AT_A_TIME)


def _read(client: Elasticsearch, keys: Sequence[Key], name: str, at_a_time: int) -> dict[Key, Layer]:
    patient = impatient(client)
    includes = [f"image.{field}" for field in (name, "error")]
    found: dict[Key, Layer] = {}
    for some in _parts(keys, at_a_time):
        for raw in read_documents(patient, some, source_includes=includes):
            hit = hit_of(raw)
            if hit.first.error is None and (layer := layer_of(hit.first.raw.get(name))):
                found[hit.key] = layer
    return found


def _parts(keys: Sequence[Key], size: int) -> Iterable[Sequence[Key]]:
    return (keys[start : start + size] for start in range(0, len(keys), size))
