"""Where a page of hits begins, and the mark that carries this from one request to the next."""

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
class Place:
    """The number of the first hit; or a point in time and the sort values of the last hit before.

    After the first page there is no point in time yet. `seen`: its hits with the same sort values as its last one, as
    lists of ids by index.
    """

    start: int = 0
    pit: str = ""
    after: tuple[Value, ...] = ()
    seen: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, mark: str | None) -> Place:
        """The place in a mark; the beginning without one. Raises UserError, as a mark comes from outside."""
        if not mark:
            return cls()
        try:
            if len(mark) > _LONGEST:
                raise ValueError("too long")
            return _checked(json.loads(base64.urlsafe_b64decode(mark + "=" * (-len(mark) % 4))))
        # Nested a few thousand deep, JSON is a RecursionError.
        except (ValueError, TypeError, binascii.Error, RecursionError) as error:
            raise UserError("this is not the mark of a next page") from error

    def mark(self) -> str:
        """The place as text for an address or a command line."""
        parts = {name: value for name, value in asdict(self).items() if value}
        return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def _checked(parts: Any) -> Place:
    if not isinstance(parts, dict):
        raise ValueError("not an object")
    place = Place(**parts)
    if isinstance(place.start, bool) or not isinstance(place.start, int) or not 0 <= place.start <= _FARTHEST:
        raise ValueError("start is not a number")
    if not isinstance(place.pit, str) or not isinstance(place.after, list | tuple):
        raise ValueError("pit or after has another type")
    if len(place.after) > 4 or not all(isinstance(value, str | int | float | None) for value in place.after):
        raise ValueError("after has values of other types")
    if not isinstance(place.seen, dict) or not all(map(_is_list_of_texts, place.seen.values())):
        raise ValueError("seen has another type")
    return Place(place.start, place.pit, tuple(place.after), place.seen)


def _is_list_of_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(part, str) for part in value)
