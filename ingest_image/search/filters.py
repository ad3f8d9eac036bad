"""Translates filters, `field:value`, to Elasticsearch clauses."""

from __future__ import annotations

import re
from typing import Any

from processor_service.recognition.plate_text import folded

from .bounds import LONGEST, MOST_VALUES
from .facets import FACETS
from .schema import NUMBERS, Schema

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
_PLACE = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*,\s*(-?\d+(?:\.\d+)?)\s*,\s*(\d+(?:\.\d+)?\s*(?:km|m|mi))\s*")
HELP = (
    'valid are field:value, field:one,other, field:"a, b", field:*, field:2..5, field:>=2, taken:2020-05, '
    "place:LAT,LON,50km, and !field:value for the opposite"
)


def parse_filter(text: str, schema: Schema) -> dict[str, Any]:
    """The clause of one filter. Raises ValueError with a sentence that says what is valid."""
    if len(text) > LONGEST:
        raise ValueError(f"a filter of {len(text)} characters is too long: at most {LONGEST} are allowed")
    name, colon, value = text.strip().removeprefix("!").partition(":")
    if not colon or not name or not value:
        raise ValueError(f"{text!r} is not a filter; {HELP}")
    value = value.strip()
    clause = _clause(_field(name, schema), _WORDS.get(name, {}).get(value, value), schema)
    return {"bool": {"must_not": [clause]}} if text.strip().startswith("!") else clause


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
        if not (match := _PLACE.fullmatch(value)):
            raise ValueError(f"{value!r} is not a place; valid is for example -33.86,151.21,50km")
        latitude, longitude = float(match[1]), float(match[2])
        return {"geo_distance": {"distance": match[3].replace(" ", ""), field: {"lat": latitude, "lon": longitude}}}
    if limits := _limits(value) or ({"gte": value, "lte": value} if kind == "date" else None):
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


def _date(text: str) -> str:
    """A whole year or month: Elasticsearch rounds to its beginning for gte and lt, to its end for lte and gt."""
    if not _DATE.fullmatch(text):
        raise ValueError(f"{text!r} is not a date; valid are 2020, 2020-05, 2020-05-31, 2020-05-31T12:00:00 and now-7d")
    unit = {4: "y", 7: "M"}.get(len(text)) if text[0].isdigit() else None
    return f"{text}||/{unit}" if unit else text
