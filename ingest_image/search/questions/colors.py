"""Searches by colour: one of the everyday names, or `#rrggbb` within a distance."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from processor_service.color.names import NAMES
from processor_service.color.oklab import oklab

from ..stored.picture import Color

# In OKLab, in hundredths; a difference of 2 is just visible.
DEFAULT_DISTANCE = 5.0
PATH = "image.colors"


@dataclass(frozen=True)
class ColorWish:
    """A colour that must be in a picture: a name or `#rrggbb`; `share` is the smallest part of it, 0 to 1."""

    value: str
    distance: float = DEFAULT_DISTANCE
    share: float = 0.0


def parse_color(text: str, distance: float = DEFAULT_DISTANCE, share: float = 0.0) -> ColorWish:
    """`teal`, `#ff6600` or `#f60`. Raises ValueError with the valid names."""
    value = text.strip().lower().replace("grey", "gray").replace(" ", "")
    if re.fullmatch(r"#?[0-9a-f]{3}", value):
        value = "#" + "".join(2 * digit for digit in value.removeprefix("#"))
    elif re.fullmatch(r"[0-9a-f]{6}", value):
        value = "#" + value
    if value in NAMES or re.fullmatch(r"#[0-9a-f]{6}", value):
        return ColorWish(value, distance, share)
    raise ValueError(f"{text!r} is not a colour; valid are #rrggbb and {', '.join(NAMES)}")


def color_query(wish: ColorWish) -> dict[str, Any]:
    """Pictures with the colour; the more of it, the higher the score."""
    if wish.value.startswith("#"):
        clauses = box(place_of(wish.value), wish.distance)
    else:
        clauses = [{"term": {f"{PATH}.name": wish.value}}]
    if wish.share:
        clauses.append({"range": {f"{PATH}.share": {"gte": wish.share}}})
    scored = {
        "function_score": {
            "query": {"bool": {"filter": clauses}},
            "field_value_factor": {"field": f"{PATH}.share", "missing": 0},
            "boost_mode": "replace",
        }
    }
    return {"nested": {"path": PATH, "score_mode": "max", "query": scored, "ignore_unmapped": True}}


def alike_query(colors: Iterable[Color], distance: float = 2 * DEFAULT_DISTANCE) -> dict[str, Any]:
    """Pictures with similar colours; the score is the part of the sample (0 to 1) whose colours they have."""
    wishes = [
        {
            "nested": {
                "path": PATH,
                "score_mode": "max",
                "ignore_unmapped": True,
                "query": {
                    "constant_score": {
                        "filter": {
                            "bool": {
                                "filter": [
                                    *box(color.lab, distance),
                                    {"range": {f"{PATH}.share": {"gte": round(color.share / 3, 4)}}},
                                ]
                            }
                        },
                        "boost": color.share,
                    }
                },
            }
        }
        for color in colors
        if color.lab and color.share
    ]
    return {"bool": {"should": wishes, "minimum_should_match": 1}}


def box(lab: tuple[float, float, float], distance: float) -> list[dict[str, Any]]:
    """Ranges around a place in OKLab."""
    return [
        {"range": {f"{PATH}.{axis}": {"gte": round(value - distance, 2), "lte": round(value + distance, 2)}}}
        for axis, value in zip("lab", lab, strict=True)
    ]


def place_of(color: str) -> tuple[float, float, float]:
    """Place of `#rrggbb` in OKLab, in hundredths."""
    red, green, blue = (int(color[at : at + 2], 16) for at in (1, 3, 5))
    lightness, a, b = (round(100 * value, 2) for value in oklab(red, green, blue))
    return lightness, a, b
