"""Translates filters, `field:value`, to Elasticsearch clauses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from processor_service.recognition.plate_text import folded

from ..stored.schema import NUMBERS, Schema
from .bounds import LONGEST, MOST_FILTERS, MOST_VALUES
from .facets import FACETS, PROBLEMS
from .months import MONTH, month_clause

# Short names of the most used fields; all other fields are named as in the mapping, with or without `image.`.
ALIASES = {
    **{facet.name: facet.searched or facet.field for facet in FACETS},
    "place": "image.metadata.location",
    "keyword": "image.metadata.keywords",
}
_WORDS = {facet.name: facet.words for facet in FACETS}
# Forms of a value in which it is searched for, by the field.
_FOLDED = {"image.plates_folded": folded}
# What people write for the name of a format.
_SPELLINGS = {"jpg": "jpeg", "tif": "tiff", "heic": "heif"}
_FORMATS = ("image.format", "image.original.format")
_RANGE = re.compile(r"(?P<low>[^.]\S*?)?\.\.(?P<high>\S+)?")
_COMPARED = re.compile(r"(?P<sign>[<>]=?)(?P<value>.+)")
_DATE = re.compile(
    r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01])(T[\d:.]+(Z|[+-][\d:]+)?)?)?)?|now([+-]\d+[yMwdhms])*(/[yMwdhms])?"
)
_SIGNS = {">": "gt", ">=": "gte", "<": "lt", "<=": "lte"}
_BOX = re.compile(r"(-?[\d.]+),(-?[\d.]+)\.\.(-?[\d.]+),(-?[\d.]+)")
_PLACE = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*,\s*(-?\d+(?:\.\d+)?)\s*,\s*(\d+(?:\.\d+)?\s*(?:km|m|mi))\s*")
HELP = (
    'valid are field:value, field:one,other, field:"a, b", field:*, field:2..5, field:>=2, taken:2020-05, '
    "place:LAT,LON,50km, place:SOUTH,WEST..NORTH,EAST, and !field:value for the opposite"
)


@dataclass(frozen=True)
class Filters:
    """The clauses of some filters. All must hold; values of one facet are alternatives, and are one clause together."""

    # By the name of the facet.
    alternatives: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    others: tuple[dict[str, Any], ...] = ()

    @property
    def clauses(self) -> list[dict[str, Any]]:
        """All clauses, each of which must hold."""
        return [*self.others, *self.alternatives.values()]

    def without(self, *names: str) -> Filters:
        """The filters without the alternatives of these facets."""
        kept = {name: clause for name, clause in self.alternatives.items() if name not in names}
        return Filters(kept, self.others)


def parse_filters(texts: Iterable[str], schema: Schema) -> Filters:
    """The clauses of several filters. Raises ValueError with a sentence that says what is valid."""
    texts = list(dict.fromkeys(text.strip() for text in texts))
    if len(texts) > MOST_FILTERS:
        raise ValueError(f"{len(texts)} filters are too many for one question: at most {MOST_FILTERS} are allowed")
    values: dict[str, list[dict[str, Any]]] = {}
    others = []
    for text in texts:
        clause = parse_filter(text, schema)
        if name := facet_of(text):
            values.setdefault(name, []).append(clause)
        else:
            others.append(clause)
    alternatives = {name: found[0] if len(found) == 1 else _one_of(found) for name, found in values.items()}
    return Filters(alternatives, tuple(others))


def facet_of(text: str) -> str | None:
    """The facet of which a filter names a value; None for all others, also for the opposite, ranges and `*`."""
    name, _, value = text.strip().partition(":")
    value = value.strip()
    return None if name not in (*_WORDS, MONTH) or value == "*" or _limits(value) else name


def _one_of(clauses: list[dict[str, Any]]) -> dict[str, Any]:
    return {"bool": {"should": clauses, "minimum_should_match": 1}}


def parse_filter(text: str, schema: Schema) -> dict[str, Any]:
    """The clause of one filter. Raises ValueError with a sentence that says what is valid."""
    if len(text) > LONGEST:
        raise ValueError(f"a filter of {len(text)} characters is too long: at most {LONGEST} are allowed")
    name, colon, value = text.strip().removeprefix("!").partition(":")
    if not colon or not name or not value:
        raise ValueError(f"{text!r} is not a filter; {HELP}")
    value = value.strip()
    if name == MONTH:
        clause = _of_month(value, schema)
    elif name == PROBLEMS and schema.problems:
        clause = _one_of([_clause(field, value, schema) for field in schema.problems])
    else:
        clause = _clause(_field(name, schema), _WORDS.get(name, {}).get(value, value), schema)
    return {"bool": {"must_not": [clause]}} if text.strip().startswith("!") else clause


def _of_month(value: str, schema: Schema) -> dict[str, Any]:
    return month_clause({sign: _date(text) for sign, text in (_limits(value) or _exactly(value)).items()}, schema)


def _field(name: str, schema: Schema) -> str:
    places = (name, f"image.{name}", f"image.metadata.{name}")
    for candidate in (ALIASES[name],) if name in ALIASES else places:
        if found := schema.searchable(candidate):
            return found
    if name in ALIASES:
        raise ValueError(f"no picture in these indices has {ALIASES[name]}")
    known = sorted({field.removeprefix("image.").removeprefix("metadata.") for field in schema.types} | ALIASES.keys())
    close = [field for field in known if name in field or field in name][:8]
    hint = f"did you mean {', '.join(close)}?" if close else f"there are for example {', '.join(ALIASES)}, width"
    raise ValueError(f"there is no field {name!r}; {hint}")


def _clause(field: str, value: str, schema: Schema) -> dict[str, Any]:
    kind = schema.types[field]
    if field in _FOLDED and value != "*":
        return _folded(field, value)
    if len(value) > 1 and value[0] == value[-1] == '"':
        return {"term": {field: value[1:-1]}}
    if value == "*":
        return {"exists": {"field": field}}
    if kind == "geo_point":
        if box := _BOX.fullmatch(value.replace(" ", "")):
            south, west, north, east = box.groups()
            corners = {"top_left": f"{north},{west}", "bottom_right": f"{south},{east}"}
            return {"geo_bounding_box": {field: corners}}
        if not (match := _PLACE.fullmatch(value)):
            raise ValueError(f"{value!r} is not a place; valid is for example -33.86,151.21,50km")
        latitude, longitude = float(match[1]), float(match[2])
        return {"geo_distance": {"distance": match[3].replace(" ", ""), field: {"lat": latitude, "lon": longitude}}}
    if limits := _limits(value) or (_exactly(value) if kind == "date" else None):
        if kind == "date":
            limits = {sign: _date(text) for sign, text in limits.items()}
        return {"range": {field: limits}}
    if kind == "text":
        return {"match_phrase": {field: value}}
    values = [part.strip() for part in value.split(",")] if kind != "boolean" else [value]
    if field in _FORMATS:
        values = [_SPELLINGS.get(part.lower(), part) for part in values]
    if len(values) > MOST_VALUES:
        raise ValueError(f"{len(values)} values are too many for one filter: at most {MOST_VALUES} are allowed")
    if kind in NUMBERS and not all(re.fullmatch(r"-?\d+(\.\d+)?", part) for part in values):
        raise ValueError(f"{field} is a number, but {value!r} is not; valid are 5, 2..5, >=2")
    return {"term": {field: values[0]}} if len(values) == 1 else {"terms": {field: values}}


def _folded(field: str, value: str) -> dict[str, Any]:
    """What is easily confused is the same; `AB12*` finds what begins with it."""
    wanted = _FOLDED[field](value)
    if not wanted:
        raise ValueError(f"{value!r} has neither letters nor digits of a number plate; valid is for example RK-755 AJ")
    return {"prefix" if value.endswith("*") else "term": {field: wanted}}


def _limits(value: str) -> dict[str, str] | None:
    if match := _COMPARED.fullmatch(value):
        return {_SIGNS[match["sign"]]: match["value"].strip()}
    if (match := _RANGE.fullmatch(value)) and (match["low"] or match["high"]):
        return {key: text for key, text in (("gte", match["low"]), ("lte", match["high"])) if text}
    return None


def _exactly(value: str) -> dict[str, str]:
    return {"gte": value, "lte": value}


def _date(text: str) -> str:
    """A whole year or month: Elasticsearch rounds to its beginning for gte and lt, to its end for lte and gt."""
    if not _DATE.fullmatch(text):
        raise ValueError(f"{text!r} is not a date; valid are 2020, 2020-05, 2020-05-31, 2020-05-31T12:00:00 and now-7d")
    unit = {4: "y", 7: "M"}.get(len(text)) if text[0].isdigit() else None
    return f"{text}||/{unit}" if unit else text
