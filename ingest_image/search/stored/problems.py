"""Where an index has problems of pictures: a pipeline may put its pictures into another field than `image`."""

from __future__ import annotations

from dataclasses import replace

from elastic_transport import ConnectionTimeout
from elasticsearch import ApiError, Elasticsearch

from pipelines.cluster.called_pipelines import target_fields
from pipelines.cluster.index_pipelines import installed_pipelines, pipelines_of, settings_by_index

from .schema import Schema

CODE = "image.error.code"
# Seconds to find out where the index has its pictures; a page waits for it.
_HASTE = 5
# More than there are; of a user's own only those that could be asked for.
_MOST_CODES, _LONGEST_CODE = 200, 100


def targets_elsewhere(client: Elasticsearch, index: str) -> list[str]:
    """The fields other than `image` into which the pipelines of the indices put pictures."""
    hasty = client.options(request_timeout=_HASTE, max_retries=0)
    try:
        settings = settings_by_index(hasty, index, ignore_unavailable=True)
        names = dict.fromkeys(name for one in settings.values() for name in pipelines_of(one))
        targets = target_fields(names, installed_pipelines(hasty)) if names else []
    except (ApiError, ConnectionTimeout):
        # Nobody knows, as without the privileges to ask.
        return []
    return [target for target in targets if target != "image"]


def with_problems(client: Elasticsearch, index: str, schema: Schema) -> Schema:
    """The schema with the codes of problems in all fields for pictures, if there are others than `image`.

    Elasticsearch is asked only if another field looks like a problem.
    """
    if not any(name.endswith(".error.code") and name != CODE for name in schema.types):
        return schema
    elsewhere = [f"{target}.error.code" for target in targets_elsewhere(client, index)]
    fields = [field for name in (CODE, *elsewhere) if (field := schema.countable(name))]
    if fields in ([], [schema.countable(CODE)]):
        return schema
    counted = {field: {"terms": {"field": field, "size": _MOST_CODES}} for field in fields}
    answer = client.search(index=index, ignore_unavailable=True, size=0, aggregations=counted)
    found = answer.get("aggregations") or {}
    codes = dict.fromkeys(str(one["key"]) for part in found.values() for one in part["buckets"])
    return replace(schema, problems=tuple(fields), codes=tuple(code for code in codes if len(code) <= _LONGEST_CODE))
