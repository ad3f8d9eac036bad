"""Checks values as the node does before it stores them."""

from __future__ import annotations

from typing import Any


def misfits(schema: dict[str, Any], value: Any, at: str) -> list[str]:
    """Where the value is not of the schema's types and sizes, as the node sees it."""
    kinds = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    found = {
        "null": value is None,
        "string": isinstance(value, str) and len(value) <= schema.get("maxLength", len(value)),
        "boolean": isinstance(value, bool),
        "integer": is_number and value == int(value),
        "number": is_number,
        "array": isinstance(value, list) and len(value) <= schema.get("maxItems", 0),
        "object": isinstance(value, dict) and set(value) <= set(schema.get("properties", {})),
    }
    if not any(found[kind] for kind in kinds):
        return [f"{at}: {kinds}, got {str(value)[:80]}"]
    if isinstance(value, list):
        return [problem for item in value for problem in misfits(schema["items"], item, at)]
    if isinstance(value, dict):
        return [p for key, item in value.items() for p in misfits(schema["properties"][key], item, f"{at}.{key}")]
    return []
