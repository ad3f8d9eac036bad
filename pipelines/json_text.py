"""JSON for people."""

from __future__ import annotations

import json
from typing import Any

_WIDTH = 110


def to_json(value: Any, indent: int = 0) -> str:
    """JSON for people: what fits on a line stays on one, the rest is broken and indented by two."""
    flat = json.dumps(value, ensure_ascii=False)
    if (
        not isinstance(value, dict | list)
        or not value
        or (indent and indent + len(flat) <= _WIDTH and _is_small(value))
    ):
        return flat
    pad = " " * (indent + 2)
    if isinstance(value, dict):
        items = [
            f"{pad}{json.dumps(key, ensure_ascii=False)}: {to_json(item, indent + 2)}" for key, item in value.items()
        ]
    else:
        items = [pad + to_json(item, indent + 2) for item in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return opening + "\n" + ",\n".join(items) + "\n" + " " * indent + closing


def _is_small(value: Any) -> bool:
    """Whether it is easy to read on one line: no long list of objects inside."""
    children = list(value.values()) if isinstance(value, dict) else value
    nested = [child for child in children if isinstance(child, dict | list) and child]
    return len(nested) <= 1 and all(_is_small(child) for child in nested)
