"""Where pictures were taken: clusters of them in a part of the world."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .engine import Engine
from .questions.question import Question
from .requests.counting import PLACE

_MOST = 1000


@dataclass(frozen=True)
class Region:
    """A part of the world in degrees."""

    south: float
    west: float
    north: float
    east: float

    @property
    def filter(self) -> str:
        """The filter for the pictures in it."""
        return f"place:{self.south:.5f},{self.west:.5f}..{self.north:.5f},{self.east:.5f}"

    @property
    def clause(self) -> dict[str, Any]:
        """The same as a clause of Elasticsearch."""
        top_left, bottom_right = {"lat": self.north, "lon": self.west}, {"lat": self.south, "lon": self.east}
        return {"geo_bounding_box": {PLACE: {"top_left": top_left, "bottom_right": bottom_right}}}


@dataclass(frozen=True)
class Cluster:
    """Pictures that are near each other, and their middle in degrees; `tile` is `zoom/x/y`."""

    latitude: float
    longitude: float
    count: int
    tile: str


def has_places(engine: Engine) -> bool:
    """Whether the indices can hold places."""
    return engine.schema.types.get(PLACE) == "geo_point"


def whereabouts(engine: Engine, question: Question) -> Region | None:
    """The smallest part of the world that has all hits with a place, not over the date line; None if none has."""
    # Otherwise Elasticsearch's box around Tokyo and California is the one over the Pacific, and no map goes over it.
    everything = {"geo_bounds": {"field": PLACE, "wrap_longitude": False}}
    found = engine.aggregate(question, {"all": everything}).get("all") or {}
    if not (bounds := found.get("bounds")):
        return None
    corner, other = bounds["top_left"], bounds["bottom_right"]
    return Region(other["lat"], corner["lon"], corner["lat"], other["lon"])


def clusters(engine: Engine, question: Question, box: Region, precision: int) -> list[Cluster]:
    """The hits in a box by tiles of the world, of which there are 2 ** `precision` in a row; the largest first."""
    middle = {"middle": {"geo_centroid": {"field": PLACE}}}
    tiles = {"geotile_grid": {"field": PLACE, "precision": precision, "size": _MOST}, "aggregations": middle}
    asked = {"within": {"filter": box.clause, "aggregations": {"tiles": tiles}}}
    found = engine.aggregate(question, asked).get("within") or {}
    return [
        Cluster(
            bucket["middle"]["location"]["lat"], bucket["middle"]["location"]["lon"], bucket["doc_count"], bucket["key"]
        )
        for bucket in (found.get("tiles") or {}).get("buckets") or ()
        if bucket["middle"].get("location")
    ]
