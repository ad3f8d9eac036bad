"""A question, independent of how a command line or an address writes it."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..comparing.hashes import SAME_PICTURE
from .bounds import MOST_COLORS, too_costly
from .colors import ColorWish
from .filters import Filters
from .order import Order
from .person_query import SAME_PERSON, Person
from .sample import Sample


class UserError(Exception):
    """The user's request is not possible; the text says why, and what would be."""


@dataclass(frozen=True)
class Question:
    """A question, of which all given parts must hold.

    Raises UserError when it exceeds the limits of a question (see `bounds`).
    """

    words: str = ""
    sample: Sample | None = None
    # Only near duplicates of the sample, at most `distance` bits of the hash away.
    near_duplicates: bool = False
    distance: int = SAME_PICTURE
    # Turned and mirrored copies too.
    turned: bool = False
    colors: tuple[ColorWish, ...] = ()
    filters: Filters = field(default_factory=Filters)
    # The person who is to be seen, instead of a sample; `face_distance` is the largest distance of the vectors.
    person: Person | None = None
    face_distance: float = SAME_PERSON
    order: Order = Order.DEFAULT

    def __post_init__(self) -> None:
        if sentence := too_costly(self.words):
            raise UserError(sentence)
        if len(self.colors) > MOST_COLORS:
            raise UserError(
                f"{len(self.colors)} colours are too many for one question: at most {MOST_COLORS} are allowed"
            )
