"""The parts of a question; a click removes one."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass

from ...search.questions.facets import PROBLEMS
from ...search.questions.filters import facet_of
from ...search.questions.months import MONTH
from ..page_query import PageQuery

PLACE = "place"
_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")


@dataclass(frozen=True)
class Chip:
    """A part in words, the address without it, and its colour if it is a colour."""

    text: str
    without: str
    color: str = ""


def chips(query: PageQuery, sample: str) -> list[Chip]:
    """All parts except the words, which are in the search box."""
    found = []
    if query.like:
        name = sample or "a picture"
        found.append(
            Chip(f"Copies of {name}" if query.near else f"Like {name}", query.without("like", "near", "turned"))
        )
    if query.person:
        found.append(Chip(f"Same person as in {sample or 'a picture'}", query.without("person", "face")))
    found += [Chip("Turned copies too", query.without("turned"))] if query.turned else []
    share = f", {100 * query.color_share:.0f} % and more" if query.color_share else ""
    for color in query.colors:
        found.append(Chip(f"{color}{share}", query.without(pair=("color", color)), color))
    seen: set[str] = set()
    for text in query.filters:
        facet = facet_of(text)
        either = "or " if facet in seen else ""
        found.append(Chip(f"{either}{in_words(text)}", query.without(pair=("f", text))))
        seen |= {facet} if facet else set()
    return found


def in_words(text: str) -> str:
    """`format: jpeg` for `format:jpeg`, and `not format: jpeg` for `!format:jpeg`; sides of a map are no words."""
    name, colon, value = text.removeprefix("!").partition(":")
    value = value.strip('"')
    if name == MONTH and (month := _MONTH.fullmatch(value)):
        said = f"{calendar.month_name[int(month[2])]} {month[1]}"
    elif name == PLACE and ".." in value:
        said = "in a part of the map"
    elif name == PROBLEMS:
        said = "with a problem" if value == "*" else f"problem: {value.replace('_', ' ')}"
    else:
        said = f"{name.replace('_', ' ')}{colon and ': '}{value}"
    return f"not {said}" if text.startswith("!") else said
