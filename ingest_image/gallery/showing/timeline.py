"""The months of a timeline, and the orders in which hits can be shown, with their addresses."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from itertools import groupby

from ...search import Question
from ...search.questions.facets import Facets
from ...search.questions.months import MONTH
from ...search.questions.order import Order, is_possible
from ...search.stored.schema import Schema
from ..page_query import PageQuery

# Twenty years; of a longer time the years are shown, and the months of those that are chosen.
_MOST_MONTHS = 240
_NAMES = {Order.NEWEST: "Newest", Order.TAKEN: "Taken", Order.LARGEST: "Largest"}


@dataclass(frozen=True)
class Month:
    """A month with pictures, or a year. `year` is said where it begins; `height` is 1 to 100.

    A click on a chosen one frees it.
    """

    name: str
    short: str
    year: str
    count: int
    height: int
    address: str
    is_chosen: bool


def timeline(facets: Facets, query: PageQuery) -> list[Month]:
    """The months, or of a long time the years, the newest first; none if there is no choice between them."""
    chosen = {text for text in query.filters if text.startswith(f"{MONTH}:")}
    if len(facets.months) < 2 and not chosen:
        return []
    times = facets.months
    if len(times) > _MOST_MONTHS:
        times = _by_year(times, {text.partition(":")[2][:4] for text in chosen})
    most = max((count for _, count in times), default=1)
    others = [("f", text) for text in query.filters if text not in chosen]
    found: list[Month] = []
    year = ""
    for value, count in times:
        part = f"{MONTH}:{value}"
        name, short, begins = _names(value)
        is_chosen = part in chosen
        found.append(
            Month(
                name,
                short,
                "" if begins == year else begins,
                count,
                max(1, round(100 * count / most)),
                query.replaced("f", others if is_chosen else [*others, ("f", part)]),
                is_chosen,
            )
        )
        year = begins or value
    return found


def _by_year(months: list[tuple[str, int]], opened: set[str]) -> list[tuple[str, int]]:
    """Years and their counts; after one that is opened, its months."""
    found: list[tuple[str, int]] = []
    for year, group in groupby(months, key=lambda month: month[0][:-3]):
        of_year = list(group)
        found.append((year, sum(count for _, count in of_year)))
        if year in opened:
            found += of_year
    return found


def _names(value: str) -> tuple[str, str, str]:
    """Name, short name and year of a month, or of a year, below which it is not said a second time."""
    year, dash, month = value.rpartition("-")
    if not dash:
        return value, value, ""
    return f"{calendar.month_name[int(month)]} {year}", calendar.month_abbr[int(month)], year


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
