"""The question in the address of a page, and the addresses of questions that differ in one part."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict

from ..search import Engine, Question, Sample, UserError
from ..search.comparing.hashes import BITS, SAME_PICTURE
from ..search.person import person_of_document
from ..search.questions.bounds import MOST_COLORS, MOST_FILTERS
from ..search.questions.colors import parse_color
from ..search.questions.filters import parse_filters
from ..search.questions.order import Order
from ..search.questions.person_query import Person
from ..search.sampling import sample_of_document
from .dropped import DroppedPictures

# Distance of a colour: larger than on the command line, because here it is picked by eye.
PICKED_DISTANCE = 8.0
_DROPPED = "dropped:"
# Elasticsearch's limit in bytes.
_LONGEST_ID = 512
_MOST_PAGES = 1_000_000
Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class PageQuery:
    """The arguments of an address. `like` is `index/id` or `dropped:key`, `person` is `index/id`."""

    words: str = ""
    like: str = ""
    # A stored picture, and which of its faces is looked for in others, from 0.
    person: str = ""
    face: int = 0
    near: bool = False
    turned: bool = False
    distance: int = SAME_PICTURE
    colors: tuple[str, ...] = ()
    # How far a colour may be off, and the smallest part of the picture that must have it.
    color_distance: float = PICKED_DISTANCE
    color_share: float = 0.0
    filters: tuple[str, ...] = ()
    order: Order = Order.DEFAULT
    # Hits on a page; None: the setting of the gallery.
    size: int | None = None
    # The page of the duplicates from which a picture was opened; 0: it was another one. No part of the question.
    duplicates: int = 0

    @classmethod
    def of(cls, args: MultiDict[str, str]) -> PageQuery:
        """Read the arguments; a value that is not a number counts as the default."""
        distance = args.get("distance", SAME_PICTURE, type=int)
        return cls(
            args.get("q", "").strip(),
            args.get("like", ""),
            args.get("person", ""),
            max(0, args.get("face", 0, type=int)),
            args.get("near") == "1",
            args.get("turned") == "1",
            int(_between(0, distance, BITS)),
            _some(args, "color", MOST_COLORS),
            _between(0, args.get("color_distance", PICKED_DISTANCE, type=float), 100),
            _between(0, args.get("color_share", 0.0, type=float), 1),
            _some(args, "f", MOST_FILTERS),
            next((order for order in Order if order == args.get("order")), Order.DEFAULT),
            int(_between(1, size, 1000)) if (size := args.get("size", type=int)) else None,
            int(_between(0, args.get("duplicates", 0, type=int), _MOST_PAGES)),
        )

    def question(self, engine: Engine, dropped: DroppedPictures) -> Question:
        """The question that it means. Raises UserError."""
        try:
            colors = tuple(parse_color(value, self.color_distance, self.color_share) for value in self.colors)
            filters = parse_filters(self.filters, engine.filterable)
        except ValueError as error:
            raise UserError(str(error)) from error
        if self.person:
            if self.like:
                raise UserError("ask for a person, or for pictures like one, not for both")
            person = self._person(engine)
            return Question(self.words, colors=colors, filters=filters, person=person, order=self.order)
        sample = self._sample(engine, dropped) if self.like else None
        near = self.near and bool(sample)
        return Question(self.words, sample, near, self.distance, self.turned, colors, filters, order=self.order)

    def _person(self, engine: Engine) -> Person:
        index, id = _stored(engine, self.person)
        return person_of_document(engine, id, index, self.face)[0]

    def _sample(self, engine: Engine, dropped: DroppedPictures) -> Sample:
        if self.like.startswith(_DROPPED):
            if sample := dropped.get(self.like.removeprefix(_DROPPED)):
                return sample
            raise UserError("the dropped picture was forgotten; drop it again")
        index, id = _stored(engine, self.like)
        return sample_of_document(engine, id, index)

    def pairs(self) -> Pairs:
        """The parts as arguments of an address; defaults are left out."""
        found: Pairs = [("q", self.words), ("like", self.like), ("person", self.person)]
        found += [("face", str(self.face) if self.face else "")]
        found += [("near", "1" if self.near else ""), ("turned", "1" if self.turned else "")]
        found += [("distance", "" if self.distance == SAME_PICTURE else str(self.distance))]
        found += [("color", value) for value in self.colors] + [("f", value) for value in self.filters]
        found += [("color_distance", "" if self.color_distance == PICKED_DISTANCE else f"{self.color_distance:g}")]
        found += [("order", "" if self.order is Order.DEFAULT else self.order.value)]
        found += [("color_share", f"{self.color_share:g}" if self.color_share else ""), ("size", str(self.size or ""))]
        return [(name, value) for name, value in found if value]

    @property
    def address(self) -> str:
        """The address of its page, or of the duplicates from which one came."""
        return f"/duplicates?page={self.duplicates}" if self.duplicates else address(self.pairs())

    def address_of(self, path: str, *more: tuple[str, str]) -> str:
        """The address of another page about this question."""
        pairs = [*self.pairs(), *more]
        return f"{path}?{urlencode(pairs)}" if pairs else path

    def with_(self, *more: tuple[str, str]) -> str:
        """The address with more parts; a part that is allowed only once replaces an existing one."""
        once = {name for name, _ in more if name not in ("f", "color")}
        kept = [pair for pair in self.pairs() if pair[0] not in once and pair not in more]
        return address([*kept, *more])

    def without(self, *names: str, pair: tuple[str, str] | None = None) -> str:
        """The address without these parts, or without one filter or colour."""
        return address([part for part in self.pairs() if part[0] not in names and part != pair])

    def replaced(self, name: str, pairs: Pairs) -> str:
        """The address with these parts instead of all that have this name."""
        return address([*(part for part in self.pairs() if part[0] != name), *pairs])

    @property
    def is_empty(self) -> bool:
        """Whether there is no question, so that everything is shown."""
        return all(name in ("order", "size") for name, _ in self.pairs())


def _stored(engine: Engine, value: str) -> tuple[str, str]:
    """Index and id in a value of `like` or `person`. Raises UserError if the gallery does not show that index."""
    index, _, id = value.partition("/")
    if index not in engine.schema.indices or len(id) > _LONGEST_ID:
        raise UserError("the picture to compare with is not in these indices")
    return index, id


def _some(args: MultiDict[str, str], name: str, most: int) -> tuple[str, ...]:
    # One more than allowed, so that the question is refused. The page has a link for each, which holds all others.
    return tuple(value for value in args.getlist(name) if value)[: most + 1]


def _between(least: float, value: float, most: float) -> float:
    # `nan` becomes `least`.
    return min(max(least, value), most)


def address(pairs: Pairs) -> str:
    """Address of the grid with these arguments, or of everything."""
    pairs = [pair for pair in pairs if pair[1]]
    return f"/?{urlencode(pairs)}" if pairs else "/"


def like_stored(index: str, id: str) -> str:
    """The value of `like` or `person` for a stored picture."""
    return f"{index}/{id}"


def like_dropped(key: str) -> str:
    """The value of `like` for a picture that was dropped."""
    return _DROPPED + key


def exact_filter(name: str, value: str) -> str:
    """The filter of a facet's value; quoted if it could be read as something else than a value."""
    plain = name == "taken" or value.replace("_", "").replace("-", "").isalnum()
    return f"{name}:{value}" if plain else f'{name}:"{value}"'
