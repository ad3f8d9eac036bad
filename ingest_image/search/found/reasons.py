"""Why a picture is a hit."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """The value is what people and programs get to read; the surest comes first."""

    EXACT = "exact"
    SAME = "same picture"
    SIMILAR = "similar"
    # Near by what a crop leaves: no hit, unless pixels say that it is a copy.
    PERHAPS_CROPPED = "perhaps cropped"
    SAME_PERSON = "same person"
    SIMILAR_COLORS = "similar colours"
    WORDS = "words"
    # Of a cluster: it is near another member, but not near the first.
    NEIGHBOUR = "neighbour"

    @property
    def is_certain(self) -> bool:
        """Whether it is the same picture, and not only one like it."""
        return self in (Reason.EXACT, Reason.SAME)
