"""Problems of pictures that are not in the field that the gallery shows."""

from __future__ import annotations

from typing import Any

from elasticsearch import Elasticsearch

from pipelines.cluster.sources import value_at

from ...search import Hit
from ...search.stored.picture import Problem, pictures_of
from ...search.stored.problems import targets_elsewhere


def problems_elsewhere(client: Elasticsearch, hit: Hit) -> dict[str, list[Problem]]:
    """By field, the problems of pictures that the pipelines of the index put into other fields than `image`.

    Elasticsearch is asked only if something in the document looks like a problem.
    """
    if not _names_an_error(hit.source):
        return {}
    found = {
        target: [picture.error for picture in pictures_of(value_at(hit.source, target)) if picture.error]
        for target in targets_elsewhere(client, hit.index)
    }
    return {target: problems for target, problems in found.items() if problems}


def _names_an_error(value: Any) -> bool:
    if isinstance(value, list):
        return any(map(_names_an_error, value))
    if not isinstance(value, dict):
        return False
    return any("error" in name.split(".") for name in value) or any(map(_names_an_error, value.values()))
