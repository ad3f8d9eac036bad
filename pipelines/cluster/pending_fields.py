"""Whether an index lets what waits in it be found: by its field `pending_since`, which has to be a date."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from elasticsearch import ApiError, Elasticsearch

from processor_service.fields import PENDING_SINCE

from ..resources import Body
from .called_pipelines import later_fields, target_fields

_DATES = ("date", "date_nanos")
_NO_SHARD = 503
# This setting of a nested field puts flat copies of what is in it into the document. So may include_in_parent, but then
# Elasticsearch does not sort by them.
_INTO_ROOT = "include_in_root"
REMEDY = (
    "nothing is added to its pictures until there is an index with the mapping of the component template ingest-image: "
    "make one, and copy the documents with _reindex"
)


def filter_path(targets: Iterable[str]) -> list[str]:
    """The parts of a mapping that `obstacle` looks at, as a `filter_path` of the request for it."""
    found = ["*.mappings._source", "*.mappings.dynamic", "*.mappings.runtime"]
    for target in targets:
        at = "*.mappings"
        for name in target.split("."):
            at = f"{at}.properties.{name}"
            found += [f"{at}.{part}" for part in ("type", "dynamic", "enabled", _INTO_ROOT)]
        found.append(f"{at}.properties.{PENDING_SINCE}")
    return list(dict.fromkeys(found))


def obstacles(
    mappings: Mapping[str, Body], pipelines: Mapping[str, Sequence[str]], installed: Mapping[str, Body]
) -> dict[str, str]:
    """By index: why nothing can be added to its pictures. `mappings` and `pipelines` are by index, too."""
    found = {}
    for index, names in pipelines.items():
        later = later_fields(names, installed)
        for target in target_fields(names, installed):
            if why := obstacle(mappings.get(index, {}), target, target in later):
                found[index] = why
    return found


def obstacle(mapping: Mapping[str, Any], target: str, is_later: bool) -> str:
    """Why documents of an index that wait cannot be found or written; empty if they can.

    `is_later`: whether the pipelines of the index add something later to pictures in this field.
    """
    if is_later and mapping.get("_source", {}).get("enabled") is False:
        return "its _source is disabled, so there is no document that could be written again"
    if is_later and (hidden := _hidden_by(mapping, target)):
        return hidden
    name = f"{target}.{PENDING_SINCE}"
    field, is_dynamic = _field(mapping, target)
    if field.get("doc_values") in (False, "false"):
        return f"{name} is mapped without doc_values, by which the oldest is found"
    kind = field.get("type")
    kind = kind or mapping.get("runtime", {}).get(name, {}).get("type")
    if kind is None:
        return "" if is_dynamic or not is_later else f"{name} is not mapped, and its mapping is not dynamic"
    return "" if kind in _DATES else f"{name} is mapped as {kind}, and not as date"


def fields_of_waiting(mapping: Mapping[str, Any], above: str = "") -> Iterator[str]:
    """Fields with pictures of which one has waited, as the mapping has their `pending_since`."""
    for name, field in (mapping.get("properties") or {}).items():
        if name == PENDING_SINCE and above:
            yield above
        yield from fields_of_waiting(field, f"{above}.{name}" if above else name)


def forgotten(
    client: Elasticsearch, index: str, mapping: Mapping[str, Any], written: Collection[str]
) -> Iterator[tuple[str, int]]:
    """Fields of an index to which no pipeline writes, and how many documents wait for what is pending in them.

    `written`: the fields to which pipelines write.
    """
    for field in sorted(set(fields_of_waiting(mapping)) - set(written)):
        # What has no such hash is no picture: others may have fields of that name, too.
        wanted = [{"exists": {"field": f"{field}.{name}"}} for name in (PENDING_SINCE, "sha256")]
        try:
            count = client.count(index=index, query={"bool": {"filter": wanted}}).body["count"]
        except ApiError as error:
            if error.status_code != _NO_SHARD:
                raise
            # Nothing can be added to it in any case.
            return
        if count:
            yield field, count


def _hidden_by(mapping: Mapping[str, Any], target: str) -> str:
    """Which field on the way to the pictures hides what is in it from who asks by its name; empty if none does."""
    at, name, hidden = mapping, "", ""
    for part in target.split("."):
        at, name = (at.get("properties") or {}).get(part) or {}, f"{name}.{part}".removeprefix(".")
        kind = at.get("type")
        if kind in ("nested", "flattened"):
            is_copied = at.get(_INTO_ROOT) in (True, "true")
            hidden = "" if is_copied else f"{name} is mapped as {kind}, and not as object"
    return hidden


def _field(mapping: Mapping[str, Any], target: str) -> tuple[Body, bool]:
    """The mapping of the field, empty if it is not mapped; and whether the first value maps it."""
    at: Body = dict(mapping)
    is_dynamic = True
    for name in [*target.split("."), PENDING_SINCE]:
        is_dynamic = is_dynamic and at.get("enabled", True) not in (False, "false")
        is_dynamic = str(at.get("dynamic", is_dynamic)).lower() != "false"
        at = (at.get("properties") or {}).get(name) or {}
    return at, is_dynamic
