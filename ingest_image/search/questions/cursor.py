"""Where a page of hits begins; as text it goes from one request to the next."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import asdict, dataclass, field
from typing import Any

from .question import UserError

# The id of a point in time names every shard, with about 100 characters each.
_LONGEST = 64 << 10
_FARTHEST = 1 << 62
Value = str | int | float | None


@dataclass(frozen=True)
class Cursor:
    """The number of the first hit; or a point in time and the sort values of the last hit before.

    After the first page there is no point in time yet. `seen`: its hits with the same sort values as its last one, as
    lists of ids by index.
    """

    start: int = 0
    pit: str = ""
    after: tuple[Value, ...] = ()
    seen: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, text: str | None) -> Cursor:
        """The cursor in a text; the beginning without one. Raises UserError, as the text comes from outside."""
        if not text:
            return cls()
        try:
            if len(text) > _LONGEST:
                raise ValueError("too long")
            return _checked(json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))))
        # Nested a few thousand deep, JSON is a RecursionError.
        except (ValueError, TypeError, binascii.Error, RecursionError) as error:
            raise UserError("this is not the cursor of a next page") from error

    def text(self) -> str:
        """The cursor as text for an address or a command line."""
        parts = {name: value for name, value in asdict(self).items() if value}
        return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def _checked(parts: Any) -> Cursor:
    if not isinstance(parts, dict):
        raise ValueError("not an object")
    cursor = Cursor(**parts)
    if isinstance(cursor.start, bool) or not isinstance(cursor.start, int) or not 0 <= cursor.start <= _FARTHEST:
        raise ValueError("start is not a number")
    if not isinstance(cursor.pit, str) or not isinstance(cursor.after, list | tuple):
        raise ValueError("pit or after has another type")
    if len(cursor.after) > 4 or not all(isinstance(value, str | int | float | None) for value in cursor.after):
        raise ValueError("after has values of other types")
    if not isinstance(cursor.seen, dict) or not all(map(_is_list_of_texts, cursor.seen.values())):
        raise ValueError("seen has another type")
    return Cursor(cursor.start, cursor.pit, tuple(cursor.after), cursor.seen)


def _is_list_of_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(part, str) for part in value)
