"""The saved objects: the data view, the charts, the list of pictures, and the dashboard that shows them.

`saved_objects.ndjson` in this folder is rendered from here and can be imported by hand. The versions are those of 8.9:
Kibana 8.19 and 9.x accept objects of older versions and migrate them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ..picture_fields import MARKS, VECTORS, under
from . import lens

FILE = Path(__file__).parent / "saved_objects.ndjson"
DATA_VIEW = "ingest-image-pictures"
DASHBOARD = "ingest-image-dashboard"
SEARCH = "ingest-image-list"

Json = dict[str, Any]
_VERSIONS = {"index-pattern": "8.0.0", "search": "8.8.0", "lens": "8.9.0", "dashboard": "8.9.0"}
# {{value}} is URL-encoded, {{rawValue}} is not; a browser reads both. The first is what Elastic's documentation shows.
_THUMBNAIL = "data:image/jpeg;base64,{{value}}"
_BYTES = {"id": "bytes"}
_FACES = {"none": "image.face_count: 0", "one": "image.face_count: 1", "several": "image.face_count >= 2"}
_HIDDEN = {name: f"image.redacted.{name} > 0" for name in ("faces", "plates", "text")}
_SAVED, _PARTS = lens.difference("Bytes saved", "image.original.bytes", "image.bytes", "bytes")

# Name: title, chart, and place on the dashboard's grid of 48 columns (x, y, width, height).
CHARTS: dict[str, tuple[str, tuple[str, Json], tuple[int, int, int, int]]] = {
    "count": ("Pictures", lens.metric(lens.counted("Pictures", "image.sha256: *")), (0, 0, 16, 6)),
    "saved": ("Bytes saved", lens.metric(_SAVED, _PARTS), (16, 0, 16, 6)),
    "refused": ("Not processed", lens.metric(lens.counted("Not processed", "image.error.code: *")), (32, 0, 16, 6)),
    "time": (
        "Pictures over time, by when they were taken",
        lens.bars(lens.months("Taken", "image.metadata.taken_at")),
        (0, 6, 48, 10),
    ),
    "formats": ("Formats that came in", lens.donut(lens.terms("Format", "image.original.format", 10)), (0, 16, 16, 13)),
    "colors": (
        "Colours",
        lens.bars(lens.terms("Colour", "image.color_names", 20), "bar_horizontal"),
        (16, 16, 16, 13),
    ),
    "errors": ("Errors by code", lens.table(lens.terms("Code", "image.error.code", 20)), (32, 16, 16, 13)),
    "labels": (
        "What is shown",
        lens.bars(lens.terms("Label", "image.labels.keyword", 20), "bar_horizontal"),
        (0, 29, 16, 13),
    ),
    "faces": (
        "Faces, of pictures where they were looked for",
        lens.donut(lens.groups("Faces", _FACES)),
        (16, 29, 16, 13),
    ),
    "redactions": ("Pictures with something hidden", lens.table(lens.groups("Hidden", _HIDDEN)), (32, 29, 16, 13)),
}
LIST_PLACE = (0, 42, 48, 20)
COLUMNS = ["image.thumbnail", "title", "image.color_names", "image.width", "image.height", "image.bytes"]


def saved_objects(patterns: Sequence[str] = ("images*",)) -> list[Json]:
    """All objects; what others refer to comes first. `patterns` are the indices of the data view."""
    return [_data_view(",".join(patterns)), *_charts(), _search(), _dashboard()]


def identities() -> list[tuple[str, str]]:
    """Type and id of each, in an order in which they can be removed."""
    return [(one["type"], one["id"]) for one in reversed(saved_objects())]


def ndjson(objects: Sequence[Json]) -> str:
    """One object a line, as Kibana exports and imports them."""
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in objects)


def _data_view(title: str) -> Json:
    thumbnail = {
        "type": "img",
        "urlTemplate": _THUMBNAIL,
        "labelTemplate": "thumbnail",
        "width": "160",
        "height": "120",
    }
    formats = {
        "image.thumbnail": {"id": "url", "params": thumbnail},
        "image.bytes": _BYTES,
        "image.original.bytes": _BYTES,
    }
    # The browser does not load the pictures themselves, or what only the nodes read.
    hidden = under(["data", *VECTORS, *MARKS])
    attributes = {
        "title": title,
        "name": "Pictures",
        # No time field: most pictures have no date, and Discover would hide those.
        "fieldFormatMap": json.dumps(formats),
        "sourceFilters": json.dumps([{"value": name} for name in hidden]),
        "fields": "[]",
        "fieldAttrs": "{}",
        "runtimeFieldMap": "{}",
        # Indices are created with the first picture.
        "allowNoIndex": True,
    }
    return _object("index-pattern", DATA_VIEW, attributes, [])


def _charts() -> Iterator[Json]:
    for name, (title, (kind, state), _) in CHARTS.items():
        attributes = {"title": f"{title} [ingest-image]", "description": "", "visualizationType": kind, "state": state}
        yield _object("lens", f"ingest-image-{name}", attributes, [lens.data_view_reference(DATA_VIEW)])


def _search() -> Json:
    index = "kibanaSavedObjectMeta.searchSourceJSON.index"
    source = {"query": {"query": "image.sha256: *", "language": "kuery"}, "filter": [], "indexRefName": index}
    attributes = {
        "title": "Pictures [ingest-image]",
        "description": "With thumbnails",
        "columns": COLUMNS,
        "sort": [],
        "grid": {},
        "hideChart": True,
        "isTextBasedQuery": False,
        # In lines of text: enough for a thumbnail.
        "rowHeight": 6,
        "kibanaSavedObjectMeta": {"searchSourceJSON": json.dumps(source)},
    }
    return _object("search", SEARCH, attributes, [{"type": "index-pattern", "id": DATA_VIEW, "name": index}])


def _dashboard() -> Json:
    shown = [("lens", f"ingest-image-{name}", name, title, place) for name, (title, _, place) in CHARTS.items()]
    shown.append(("search", SEARCH, "list", "Pictures", LIST_PLACE))
    panels = [
        {
            "version": _VERSIONS["dashboard"],
            "type": type_,
            "gridData": dict(zip("xywh", place, strict=True)) | {"i": name},
            "panelIndex": name,
            "embeddableConfig": {"enhancements": {}},
            "title": title,
            "panelRefName": f"panel_{name}",
        }
        for type_, _, name, title, place in shown
    ]
    options = {"useMargins": True, "syncColors": False, "syncCursor": True, "syncTooltips": False}
    attributes = {
        "title": "Pictures [ingest-image]",
        "description": "What came in, what was made of it, and what was refused",
        "panelsJSON": json.dumps(panels),
        "optionsJSON": json.dumps(options | {"hidePanelTitles": False}),
        "timeRestore": False,
        "kibanaSavedObjectMeta": {
            "searchSourceJSON": json.dumps({"query": {"query": "", "language": "kuery"}, "filter": []})
        },
    }
    references = [{"type": type_, "id": id, "name": f"{name}:panel_{name}"} for type_, id, name, _, _ in shown]
    return _object("dashboard", DASHBOARD, attributes, references)


def _object(type_: str, id: str, attributes: Json, references: list[Json]) -> Json:
    return {
        "type": type_,
        "id": id,
        "attributes": attributes,
        "references": references,
        "coreMigrationVersion": "8.8.0",
        "typeMigrationVersion": _VERSIONS[type_],
    }
