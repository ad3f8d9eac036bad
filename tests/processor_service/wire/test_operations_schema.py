"""The JSON schema that the node validates recipes with: only what its validator knows, and no stricter than the service."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from processor_service.operations import all_operations
from processor_service.parameters import MEANT
from processor_service.wire.schema import recipe_schema
from tests.helpers.operation_cases import CASES

SCHEMA = recipe_schema()["operations"]
# What SchemaValidator.java checks; `default` is for readers.
KNOWN = {
    *("type", "enum", "const", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength"),
    *("pattern", "required", "properties", "additionalProperties", "items", "minItems", "maxItems", "anyOf", "$ref"),
    *("$defs", "default", "allOf", "$comment"),
}
TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "null": type(None),
}


def allows(schema: dict[str, Any], value: Any, root: dict[str, Any]) -> bool:
    """Whether a value is valid, by the keywords that are used here."""
    if "$ref" in schema and not allows(root["$defs"][schema["$ref"].rpartition("/")[2]], value, root):
        return False
    if "type" in schema and (
        not isinstance(value, TYPES[schema["type"]]) or (isinstance(value, bool) and schema["type"] != "boolean")
    ):
        return False
    checks: dict[str, Callable[[Any], bool]] = {
        "enum": lambda limit: value in limit,
        "const": lambda limit: value == limit,
        "minimum": lambda limit: value is None or value >= limit,
        "maximum": lambda limit: value is None or value <= limit,
        "exclusiveMinimum": lambda limit: value > limit,
        "minLength": lambda limit: len(value) >= limit,
        "maxLength": lambda limit: len(value) <= limit,
        "pattern": lambda limit: re.search(limit, value) is not None,
        "minItems": lambda limit: len(value) >= limit,
        "maxItems": lambda limit: len(value) <= limit,
        "items": lambda limit: value is None or all(allows(limit, item, root) for item in value),
        "allOf": lambda limit: all(allows(part, value, root) for part in limit),
        "anyOf": lambda limit: any(allows(part, value, root) for part in limit),
        "required": lambda limit: all(name in value for name in limit),
        "properties": lambda limit: all(
            allows(limit[name], part, root) for name, part in value.items() if name in limit
        ),
        "additionalProperties": lambda limit: bool(limit) or not value.keys() - schema["properties"].keys(),
    }
    return all(check(schema[name]) for name, check in checks.items() if name in schema)


def keywords(schema: Any) -> set[str]:
    if isinstance(schema, list):
        return {keyword for part in schema for keyword in keywords(part)}
    if not isinstance(schema, dict):
        return set()
    named = {"properties", "$defs"}
    return set(schema) | {
        keyword
        for key, value in schema.items()
        for part in (value.values() if key in named else [value])
        for keyword in keywords(part)
    }


@pytest.mark.parametrize("name", SCHEMA)
def test_only_known_keywords(name: str) -> None:
    assert keywords(SCHEMA[name]) <= KNOWN


@pytest.mark.parametrize("name", SCHEMA)
def test_the_example_is_valid(name: str) -> None:
    assert allows(SCHEMA[name], all_operations()[name].example, SCHEMA[name])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_the_service_takes_is_valid(case: Any) -> None:
    assert allows(SCHEMA[case.operation], case.parameters, SCHEMA[case.operation])


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("crop", {}),
        ("crop", {"aspect_ratio": "16:9", "width": 3, "height": 3}),
        ("crop", {"width": 3, "height": 3, "left": 2, "gravity": "north"}),
        ("pad", {"aspect_ratio": "16:9", "left": 3}),
        ("watermark", {}),
        ("watermark", {"text": "a", "image": "abcd"}),
        ("convert", {"format": "jpeg", "lossless": True}),
        ("convert", {"lossless": True}),
        ("resize", {"fit": "cover"}),
        ("pixelate", {"boxes": [{"left": 0, "top": 0, "width": 0, "height": 1}]}),
        ("strip_metadata", {"keep": ["exif"]}),
        ("crop", {"left": 10, "top": 10, "width": 80, "height": 80, "unit": "fraction"}),
        ("pixelate", {"boxes": [{"left": 40, "top": 0, "width": 9, "height": 9}], "unit": "fraction"}),
        ("tint", {"color": "#12345"}),
    ],
)
def test_what_is_wrong_is_refused_when_the_pipeline_is_stored(name: str, parameters: dict[str, Any]) -> None:
    assert not allows(SCHEMA[name], parameters, SCHEMA[name])


def patterns(schema: Any) -> list[dict[str, Any]]:
    """Every part of a schema that has a pattern."""
    parts = schema if isinstance(schema, list) else list(schema.values()) if isinstance(schema, dict) else []
    found = [schema] if isinstance(schema, dict) and isinstance(schema.get("pattern"), str) else []
    return found + [pattern for part in parts for pattern in patterns(part)]


def test_patterns_are_told_in_words() -> None:
    told = {part["pattern"]: part["$comment"] for part in patterns(SCHEMA) if "$comment" in part}
    assert set(told.values()) == set(MEANT.values())
    # Base64 explains itself.
    assert {part["pattern"] for part in patterns(SCHEMA)} - told.keys() == {"^[A-Za-z0-9+/]+={0,2}$"}


def test_every_rule_of_an_operation_is_in_the_schema_that_the_node_checks() -> None:
    with_rules = {name: operation for name, operation in all_operations().items() if operation.rules}
    assert {"convert", "crop", "pad", "pixelate", "resize", "watermark"} <= with_rules.keys()
    for name, operation in with_rules.items():
        schema = SCHEMA[name]
        rendered = [part["anyOf"] for part in (schema, *schema.get("allOf", ())) if "anyOf" in part]
        assert rendered == [list(rule.options) for rule in operation.rules], name
