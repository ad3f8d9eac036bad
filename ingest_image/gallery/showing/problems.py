"""Problems of pictures that are not in the field that the gallery shows."""

from __future__ import annotations

from typing import Any

from elastic_transport import ConnectionTimeout
from elasticsearch import ApiError, Elasticsearch

from pipelines.cluster.called_pipelines import target_fields
from pipelines.cluster.index_pipelines import installed_pipelines, pipelines_of, settings_by_index
from pipelines.cluster.sources import value_at

from ...search import Hit
from ...search.stored.picture import Problem, pictures_of

# Seconds to find out where the index has its pictures; the page waits for it.
_HASTE = 5


def problems_elsewhere(client: Elasticsearch, hit: Hit) -> dict[str, list[Problem]]:
    """By field, the problems of pictures that the pipelines of the index put into other fields than `image`.

    Elasticsearch is asked only if something in the document looks like a problem.
    """
    if not _names_an_error(hit.source):
        return {}
    hasty = client.options(request_timeout=_HASTE, max_retries=0)
    try:
        names = pipelines_of(settings_by_index(hasty, hit.index).get(hit.index, {}))
        targets = target_fields(names, installed_pipelines(hasty)) if names else []
    except (ApiError, ConnectionTimeout):
        # Nobody knows, as without the privileges to ask.
        return {}
    found = {
        target: [picture.error for picture in pictures_of(value_at(hit.source, target)) if picture.error]
        for target in targets
        if target != "image"
    }
    return {target: problems for target, problems in found.items() if problems}


def _names_an_error(value: Any) -> bool:
    if isinstance(value, list):
        return any(map(_names_an_error, value))
    if not isinstance(value, dict):
        return False
    return any("error" in name.split(".") for name in value) or any(map(_names_an_error, value.values()))
