"""The fields of a document, grouped for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pipelines.search import Hit
from pipelines.search.table import bytes_text

Row = tuple[str, str]
_SHOWN_LENGTH = 300
# Shown elsewhere on the page, or of no use to a reader.
_HIDDEN = frozenset(
    {
        "colors",
        "color_names",
        "thumbnail",
        "data",
        "mark",
        "source_mark",
        "thumbnail_mark",
        "placeholder",
        "perceptual_hash",
    }
)


@dataclass(frozen=True)
class Section:
    """Some rows under a heading."""

    heading: str
    rows: list[Row]


def sections(hit: Hit) -> list[Section]:
    """What is known of a document: the own fields, then those of its first picture."""
    picture = hit.pictures[0] if hit.pictures else {}
    original = picture.get("original") or {}
    metadata = picture.get("metadata") or {}
    known = {"format", "width", "height", "bytes", "original", "metadata", "error", *_HIDDEN}
    found = [
        Section("Document", [("index", hit.index), ("id", hit.id), *_rows(hit.source, {"image"})]),
        Section("Problem", _rows(picture.get("error") or {})),
        Section(
            "Picture",
            [("stored", _size(picture)), ("came as", _size(original))] if picture.get("width") else [],
        ),
        Section("Camera and words", _rows(metadata)),
        Section("Measured", _rows(picture, known)),
    ]
    return [section for section in found if section.rows]


def _size(picture: dict[str, Any]) -> str:
    if not picture.get("width"):
        return "unknown"
    size = bytes_text(picture.get("bytes"))
    return f"{picture['width']} × {picture.get('height')} {picture.get('format', '')}, {size}"


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
    text = str(value)
    return text if len(text) <= _SHOWN_LENGTH else text[: _SHOWN_LENGTH - 1] + "…"
