"""The fields of a document, grouped for people."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.cluster.sources import expanded
from pipelines.picture_fields import MARKS, PICTURES, RECOGNIZED, VECTORS
from pipelines.wording import shortened

from ...search import Hit
from ...search.found.table import bytes_text, pixels
from ...search.stored.picture import Problem, Size, first_object

Row = tuple[str, str]
_SHOWN_LENGTH = 300
# Of a file: nobody reads that.
_BASE64 = re.compile(r"[A-Za-z0-9+/\r\n]{300,}={0,2}\s*")
# Shown elsewhere on the page, or useless to a reader.
_ELSEWHERE = ("colors", "color_names", "placeholder", "redacted", *RECOGNIZED)
_WRITTEN = frozenset({"image", "description", "tags"})
_HIDDEN = frozenset({*_ELSEWHERE, *PICTURES, *MARKS, *VECTORS})


@dataclass(frozen=True)
class Section:
    """Rows under a heading."""

    heading: str
    rows: list[Row]


def sections(hit: Hit, elsewhere: Mapping[str, list[Problem]]) -> list[Section]:
    """What is known about a document: its own fields, then those of its first picture.

    `elsewhere`: by field, the problems of pictures that are not shown.
    """
    picture = hit.first
    known = {"format", "width", "height", "bytes", "original", "metadata", "error", *_HIDDEN}
    found = [
        Section("Document", [("index", hit.index), ("id", hit.id), *_rows(expanded(hit.source), _WRITTEN)]),
        Section("Problem", _problem(picture.error) if picture.error else []),
        *(Section(f"Problem in {field}", _problem(one)) for field, all in elsewhere.items() for one in all),
        Section(
            "Picture",
            [("stored", _size(picture)), ("came as", _size(picture.original or Size()))] if picture.width else [],
        ),
        Section("Camera and words", _rows(first_object(picture.raw.get("metadata")))),
        Section("Measured", _rows(picture.raw, known)),
    ]
    return [section for section in found if section.rows]


def _problem(error: Problem) -> list[Row]:
    rows = [("code", error.code), ("reason", error.reason), ("id in the log", error.request_id)]
    return [row for row in rows if row[1]]


def _size(size: Size) -> str:
    if not size.width:
        return "unknown"
    return f"{pixels(size, ' × ')} {size.format}, {bytes_text(size.bytes) or '?'}"


def _rows(fields: dict[str, Any], without: set[str] | frozenset[str] = frozenset()) -> list[Row]:
    return [(_label(name), _text(value)) for name, value in fields.items() if name not in without and value is not None]


def _label(name: str) -> str:
    return name.replace("_", " ")


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return ", ".join(_text(part) for part in value)[:_SHOWN_LENGTH]
    if isinstance(value, dict):
        return ", ".join(f"{_label(str(name))} {_text(part)}" for name, part in value.items())[:_SHOWN_LENGTH]
    said = str(value)
    return f"{bytes_text(3 * len(said) // 4)} as base64" if _BASE64.fullmatch(said) else shortened(said, _SHOWN_LENGTH)
