"""The months of a timeline, and the orders in which hits can be shown, with their addresses."""

from __future__ import annotations

import calendar
from dataclasses import dataclass

from ...search import Question
from ...search.questions.facets import Facets
from ...search.questions.months import MONTH
from ...search.questions.order import Order, is_possible
from ...search.stored.schema import Schema
from ..page_query import PageQuery

# Twenty years.
_MOST = 240
_NAMES = {Order.NEWEST: "Newest", Order.TAKEN: "Taken", Order.LARGEST: "Largest"}


@dataclass(frozen=True)
class Month:
    """A month with pictures. `year` is said where it begins; `height` is 1 to 100; a click on a chosen one frees it."""

    name: str
    short: str
    year: str
    count: int
    height: int
    address: str
    is_chosen: bool


def timeline(facets: Facets, query: PageQuery) -> list[Month]:
    """The months, the newest first; none if there is no choice between them."""
    months = facets.months[:_MOST]
    chosen = {text for text in query.filters if text.startswith(f"{MONTH}:")}
    if len(months) < 2 and not chosen:
        return []
    most = max((count for _, count in months), default=1)
    others = [("f", text) for text in query.filters if text not in chosen]
    found: list[Month] = []
    year = ""
    for value, count in months:
        part = f"{MONTH}:{value}"
        number = int(value[-2:])
        is_chosen = part in chosen
        found.append(
            Month(
                f"{calendar.month_name[number]} {value[:-3]}",
                calendar.month_abbr[number],
                "" if value[:-3] == year else value[:-3],
                count,
                max(1, round(100 * count / most)),
                query.replaced("f", others if is_chosen else [*others, ("f", part)]),
                is_chosen,
            )
        )
        year = value[:-3]
    return found


def orders(query: PageQuery, question: Question, schema: Schema) -> list[tuple[str, str, bool]]:
    """Name and address of each order that is possible, and whether it is the present one."""
    has_best = bool(question.words or question.colors or question.sample or question.person)
    best = "Most alike" if question.sample or question.person else "Best match"
    names = ({Order.DEFAULT: best} if has_best else {}) | _NAMES
    present = query.order if has_best or query.order is not Order.DEFAULT else Order.NEWEST
    return [
        (
            name,
            query.without("order") if order is Order.DEFAULT else query.with_(("order", order.value)),
            order is present,
        )
        for order, name in names.items()
        if is_possible(order, schema)
    ]
