"""What is asked, free of how it is written on a command line or in an address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .colors import ColorWish
from .hashes import SAME_PICTURE
from .sample import Sample


class UserError(Exception):
    """What the user asked cannot be answered; the text says what would be right."""


@dataclass(frozen=True)
class Question:
    """All parts that are given must hold; `filters` are Elasticsearch clauses (see `filters`)."""

    words: str = ""
    sample: Sample | None = None
    # Only near duplicates of the sample, at most `distance` bits of the hash away.
    near_duplicates: bool = False
    distance: int = SAME_PICTURE
    # Turned and mirrored copies too.
    turned: bool = False
    colors: tuple[ColorWish, ...] = ()
    filters: tuple[dict[str, Any], ...] = ()
