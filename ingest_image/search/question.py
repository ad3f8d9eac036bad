"""What is asked, free of how it is written on a command line or in an address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .bounds import MOST_COLORS, MOST_FILTERS, too_costly
from .colors import ColorWish
from .hashes import SAME_PICTURE
from .sample import Sample


class UserError(Exception):
    """What the user asked cannot be answered; the text says what would be right."""


@dataclass(frozen=True)
class Question:
    """All parts that are given must hold; `filters` are Elasticsearch clauses (see `filters`).

    Raises UserError for more than one question may ask (see `bounds`).
    """

    words: str = ""
    sample: Sample | None = None
    # Only near duplicates of the sample, at most `distance` bits of the hash away.
    near_duplicates: bool = False
    distance: int = SAME_PICTURE
    # Turned and mirrored copies too.
    turned: bool = False
    colors: tuple[ColorWish, ...] = ()
    filters: tuple[dict[str, Any], ...] = ()

    def __post_init__(self) -> None:
        if sentence := too_costly(self.words):
            raise UserError(sentence)
        for name, parts, most in (("filters", self.filters, MOST_FILTERS), ("colours", self.colors, MOST_COLORS)):
            if len(parts) > most:
                raise UserError(f"{len(parts)} {name} are too many for one question: at most {most} are allowed")
