"""Bounds how deep the values of a request may be: what walks or writes them goes from level to level on a stack."""

from __future__ import annotations

from typing import Any

from .errors import Code, ImageError

# Lists and objects within each other. Requests have about six; orjson reads 1024, and writes 254.
MOST_LEVELS = 200


def check_nesting(value: Any, code: Code = Code.INVALID_REQUEST) -> None:
    """Raise ImageError when lists and objects of a JSON value are too deep within each other."""
    level = [value]
    for _ in range(MOST_LEVELS + 1):
        level = [inner for one in level for inner in _inside(one)]
        if not level:
            return
    raise ImageError(code, f"lists and objects are too deep within each other: at most {MOST_LEVELS} are accepted")


def _inside(value: Any) -> Any:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
