"""The JSON schema of an answer's fields, for the node, rendered from the declared fields."""

from __future__ import annotations

from typing import Any

from ..fields import NOT_OURS, DocumentField
from ..metadata.text import MOST_CHARACTERS, MOST_OF_CAPTION
from .fields import all_fields

# Declared, but never part of an answer: the node writes or removes them by itself.
_ONLY_NULL = frozenset({"error", "operations", "enrich"})
_MOST_ITEMS, _MOST_DIMENSIONS = 1000, 4096
_MOST_FLOAT = 3.4e38
_HEX_DIGIT_BITS = 4

_VALUES: dict[str, dict[str, Any]] = {
    "keyword": {"type": "string", "maxLength": MOST_CHARACTERS},
    "text": {"type": "string", "maxLength": MOST_OF_CAPTION},
    "date": {"type": "string", "maxLength": 100},
    # Bounded only by the length of the answer.
    "binary": {"type": "string"},
    "boolean": {"type": "boolean"},
    "integer": {"type": "integer", "minimum": 0, "maximum": 2**31 - 1},
    "long": {"type": "integer", "minimum": 0, "maximum": 2**63 - 1},
    "float": {"type": "number", "minimum": -_MOST_FLOAT, "maximum": _MOST_FLOAT},
    "geo_point": {
        "type": "object",
        "properties": {"lat": {"type": "number"}, "lon": {"type": "number"}},
        "required": ["lat", "lon"],
        "additionalProperties": False,
    },
}


def answer_schemas() -> dict[str, Any]:
    """The JSON schema of each field directly under the target, by its name. Null is allowed everywhere."""
    root: dict[str, Any] = {"properties": {}}
    for field in all_fields():
        *parents, leaf = field.name.split(".")
        if (top := [*parents, leaf][0]) in NOT_OURS - {"data"}:
            continue
        if top in _ONLY_NULL:
            root["properties"][top] = {"type": "null"}
            continue
        node = root
        for parent in parents:
            node = node["properties"].setdefault(parent, _object())
            node = node.get("items", node)
        node["properties"][leaf] = _nullable(_schema(field))
    schemas: dict[str, Any] = root["properties"]
    return schemas


def _schema(field: DocumentField) -> dict[str, Any]:
    kind = field.mapping["type"]
    if kind == "dense_vector":
        if field.mapping.get("element_type") == "bit":
            return {"type": "string", "maxLength": field.mapping["dims"] // _HEX_DIGIT_BITS}
        return {"type": "array", "maxItems": _MOST_DIMENSIONS, "items": {"type": "number"}}
    value = _object() | {"type": "object"} if kind in ("nested", "object") else dict(_VALUES[kind])
    if field.longest is not None:
        value["maxLength"] = field.longest
    return {"type": "array", "maxItems": _MOST_ITEMS, "items": value} if field.many else value


def _object() -> dict[str, Any]:
    return {"type": ["object", "null"], "properties": {}, "additionalProperties": False}


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    return schema | {"type": [schema["type"], "null"]}
