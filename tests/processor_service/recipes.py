"""Recipes made from the JSON schema that the plugin validates with: whatever it lets through is tried."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from processor_service.wire.schema import recipe_schema
from tests.helpers.operation_cases import logo

SCHEMA = recipe_schema()["operations"]
# What no pattern can say.
_SPECIAL = {
    ("watermark", "image"): st.just(logo()),
    ("watermark", "text"): st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF), min_size=1, max_size=12),
}


def recipes() -> st.SearchStrategy[list[dict[str, Any]]]:
    """Lists of up to four operations."""
    return st.lists(st.sampled_from(sorted(SCHEMA)).flatmap(operation), min_size=1, max_size=4)


def operation(name: str) -> st.SearchStrategy[dict[str, Any]]:
    """One operation with parameters that its schema allows."""
    return _object(SCHEMA[name], SCHEMA[name], name).map(lambda parameters: {name: parameters})


@st.composite
def _object(draw: st.DrawFn, schema: dict[str, Any], root: dict[str, Any], name: str) -> dict[str, Any]:
    properties, required = dict(schema.get("properties", {})), set(schema.get("required", ()))
    if "anyOf" in schema:
        branch = draw(st.sampled_from(schema["anyOf"]))
        required |= set(branch.get("required", ()))
        properties |= {
            key: {**properties[key], **value}
            for key, value in branch.get("properties", {}).items()
            if "items" not in value
        }
    optional = sorted(properties.keys() - required)
    chosen = required | set(draw(st.lists(st.sampled_from(optional), unique=True)) if optional else [])
    parameters = {}
    for key in sorted(chosen):
        special = _SPECIAL.get((name, key))
        value = draw(special if special is not None else _value(properties[key], root))
        if value is not None:
            parameters[key] = value
    return parameters


def _value(schema: dict[str, Any], root: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "$ref" in schema:
        return _object(root["$defs"][schema["$ref"].rpartition("/")[2]], root, "")
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if schema.get("type") == "null":
        return st.none()
    if "anyOf" in schema:
        return st.one_of([_value(part, root) for part in schema["anyOf"] if part.get("type") != "null"])
    if schema["type"] == "array":
        most = min(3, schema.get("maxItems", 3))
        return st.lists(_value(schema["items"], root), min_size=schema.get("minItems", 0), max_size=most)
    if schema["type"] == "boolean":
        return st.booleans()
    if schema["type"] == "string":
        return st.from_regex(schema["pattern"], fullmatch=True)
    return _number(schema)


def _number(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Mostly the sizes that pictures have, sometimes the whole range."""
    low = schema["minimum"] if "minimum" in schema else schema["exclusiveMinimum"]
    high = schema["maximum"]
    if schema["type"] == "integer":
        return st.one_of(st.integers(low, min(high, low + 300)), st.integers(low, high))
    open_end = "exclusiveMinimum" in schema
    return st.one_of(
        [
            st.floats(low, min(high, low + limit), exclude_min=open_end, allow_subnormal=False)
            for limit in (1, 300, high)
        ]
    )
