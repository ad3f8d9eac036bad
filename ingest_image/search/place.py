"""Where a page of answers begins, and the mark that carries it from one request to the next."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import asdict, dataclass
from typing import Any

from .question import UserError

# The id of a point in time names every shard: some 100 characters each.
_LONGEST = 64 << 10
_FARTHEST = 1 << 62
Value = str | int | float | None


@dataclass(frozen=True)
class Place:
    """The first answer by its number, or what was sorted last and the state of the index that it was found in."""

    start: int = 0
    pit: str = ""
    after: tuple[Value, ...] = ()

    @classmethod
    def of(cls, mark: str | None) -> Place:
        """The place of a mark, the beginning without one. A mark comes from outside: raises UserError."""
        if not mark:
            return cls()
        try:
            if len(mark) > _LONGEST:
                raise ValueError("too long")
            return _checked(json.loads(base64.urlsafe_b64decode(mark + "=" * (-len(mark) % 4))))
        # Nested a few thousand deep, JSON is a RecursionError.
        except (ValueError, TypeError, binascii.Error, RecursionError) as error:
            raise UserError("this is no mark of a next page") from error

    def mark(self) -> str:
        """The place as a text for an address or a command line."""
        parts = {name: value for name, value in asdict(self).items() if value}
        return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def _checked(parts: Any) -> Place:
    if not isinstance(parts, dict):
        raise ValueError("no object")
    place = Place(**parts)
    if isinstance(place.start, bool) or not isinstance(place.start, int) or not 0 <= place.start <= _FARTHEST:
        raise ValueError("start is no number")
    if not isinstance(place.pit, str) or not isinstance(place.after, list | tuple):
        raise ValueError("no point in time, or nothing sorted")
    if len(place.after) > 4 or not all(isinstance(value, str | int | float | None) for value in place.after):
        raise ValueError("no values that are sorted by")
    return Place(place.start, place.pit, tuple(place.after))
