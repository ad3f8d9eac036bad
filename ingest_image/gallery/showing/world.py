"""The map of pictures with a place. All of it are links and an SVG: it needs neither script nor network."""

from __future__ import annotations

import math
from dataclasses import dataclass

from flask import Blueprint, render_template, request

from pipelines.wording import capitalized, counted

from ...search import Engine, Question, UserError
from ...search.places import Cluster, Region, clusters, has_places, whereabouts
from ..context import context
from ..page_query import PageQuery
from .chips import chips
from .mercator import CLOSEST, HEIGHT, TILE, WIDTH, View, tile_box

blueprint = Blueprint("world", __name__)
_EVERYTHING = View(25.0, 5.0, 1)
# Up to this many pictures are shown; above it, a click only looks closer.
_FEW = 12
# How close a map is at first that shows all pictures: with tiles, and so that the plain outline has a coast in sight.
_CLOSE, _CLOSE_OUTLINE = 12, 5
# A cluster is what a square of a quarter of a tile holds.
_FINER = 2


@dataclass(frozen=True)
class Spot:
    """A cluster on the map: its place, its radius, and where a click leads."""

    x: float
    y: float
    radius: float
    count: int
    address: str
    says: str


@blueprint.get("/map")
def world() -> tuple[str, int]:
    """Where the hits of the question in the address were taken."""
    here = context()
    engine = here.engine()
    query = PageQuery.of(request.args)
    sentence, question, view = "", Question(), View.of(request.args.get("at", ""))
    found: list[Cluster] = []
    try:
        question = query.question(engine, here.dropped)
        view, found = _look(engine, question, view, _CLOSE if here.settings.tiles else _CLOSE_OUTLINE)
    except UserError as error:
        sentence = capitalized(str(error))
    shown = view or _EVERYTHING
    page = render_template(
        "map.html",
        query=query,
        sentence=sentence,
        chips=chips(query, asked.name if (asked := question.sample or question.person) else ""),
        settings=here.settings,
        view=shown,
        width=WIDTH,
        height=HEIGHT,
        spots=[_spot(cluster, shown, query) for cluster in reversed(found)],
        total=sum(cluster.count for cluster in found),
        these=query.with_(("f", shown.box.filter)),
        tiles=[
            (_tile_address(here.settings.tiles, shown.zoom, column, row), x, y) for column, row, x, y in shown.tiles()
        ]
        if here.settings.tiles
        else [],
        tile=TILE,
        closest=CLOSEST,
        address=lambda other: map_address(query, other),
    )
    return page, 400 if sentence else 200


def _look(engine: Engine, question: Question, view: View | None, closest: int) -> tuple[View | None, list[Cluster]]:
    if not has_places(engine):
        raise UserError(
            "these indices have no places: their pipeline does not ask for `metadata`, or their mapping guessed"
        )
    if view is None:
        everywhere = whereabouts(engine, question)
        if everywhere is None:
            return None, []
        view = View.around(everywhere, closest)
    return view, clusters(engine, question, view.box, view.zoom + _FINER)


def map_address(query: PageQuery, view: View | None = None) -> str:
    """The address of the map for a question."""
    return query.address_of("/map", *([("at", view.text)] if view else []))


def _spot(cluster: Cluster, view: View, query: PageQuery) -> Spot:
    x, y = view.place(cluster.latitude, cluster.longitude)
    pictures = counted(cluster.count, "picture")
    if cluster.count <= _FEW or view.zoom >= CLOSEST:
        box: Region = tile_box(cluster.tile)
        address, says = query.with_(("f", box.filter)), f"{pictures}: show them"
    else:
        closer = view.closer(_FINER, cluster.latitude, cluster.longitude)
        address, says = map_address(query, closer), f"{pictures}: look closer"
    return Spot(round(x, 1), round(y, 1), round(16 + 5 * math.log10(cluster.count), 1), cluster.count, address, says)


def _tile_address(pattern: str, zoom: int, column: int, row: int) -> str:
    return pattern.replace("{z}", str(zoom)).replace("{x}", str(column)).replace("{y}", str(row))
