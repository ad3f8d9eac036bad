"""Reads a stored picture, whatever the document holds.

Anybody may write documents, and not every index has our mapping: a share may be a text, an error a list. Values are
read as Elasticsearch itself would read them (`"640"` is a number, a list counts as its first value). What cannot be
read counts as missing. So one document never breaks a page or a comparison.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Any

from pipelines.cluster.sources import expanded, flat

_SHA256 = re.compile(r"[0-9a-f]{64}")
# A PDQ hash has 256 bits.
_HASH = re.compile(r"[0-9a-f]{64}")
_HEX = re.compile(r"#[0-9a-f]{6}")
# In hundredths; places in OKLab are well within.
_FARTHEST = 200.0
# Larger than any picture; a `long` still holds it.
_LARGEST = 1 << 62


@dataclass(frozen=True)
class Color:
    """One of a picture's colours: `#rrggbb`, its everyday name, its share (0 to 1), its place in OKLab (hundredths)."""

    hex: str
    name: str = ""
    share: float = 0.0
    lab: tuple[float, float, float] | None = None


@dataclass(frozen=True)
class Problem:
    """Why a picture was not processed."""

    code: str
    reason: str
    # Of the line in the service's log; empty when the service did not refuse it.
    request_id: str = ""


@dataclass(frozen=True)
class Size:
    """Size in pixels and bytes, and format, as far as they are known."""

    width: int | None = None
    height: int | None = None
    bytes: int | None = None
    format: str = ""


@dataclass(frozen=True)
class DocumentPicture(Size):
    """A stored picture. `raw` is its object with dotted names expanded; empty for a bare base64 string."""

    raw: dict[str, Any] = field(default_factory=dict, repr=False)
    sha256: str | None = None
    original: Size | None = None
    original_sha256: str | None = None
    hashes: tuple[str, ...] = ()
    colors: tuple[Color, ...] = ()
    color_names: tuple[str, ...] = ()
    error: Problem | None = None
    embedder: str | None = None
    title: str = ""


NO_PICTURE = DocumentPicture()


def pictures_of(image: Any) -> list[DocumentPicture]:
    """The pictures of a document's `image`: an object, a bare base64 string, a list of them, or missing."""
    return [_picture(part) for part in flat(expanded(image)) if isinstance(part, dict) or _is_bare(part)]


def _is_bare(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _picture(value: Any) -> DocumentPicture:
    raw: dict[str, Any] = value if isinstance(value, dict) else {}
    original = first_object(raw.get("original"))
    size = _size(raw)
    return DocumentPicture(
        size.width,
        size.height,
        size.bytes,
        size.format,
        raw=raw,
        sha256=_matching(_SHA256, raw.get("sha256")),
        original=_size(original) if original else None,
        original_sha256=_matching(_SHA256, original.get("sha256")),
        hashes=tuple(filter(None, (_hash(part.get("hex")) for part in objects(raw.get("perceptual_hashes"))))),
        colors=tuple(filter(None, (_color(part) for part in objects(raw.get("colors"))))),
        color_names=tuple(filter(None, (text(part) for part in flat(raw.get("color_names"))))),
        error=_problem(raw.get("error")),
        embedder=text(raw.get("embedder")) or None,
        title=text(first_object(raw.get("metadata")).get("title")),
    )


def _size(raw: dict[str, Any]) -> Size:
    width, height, count = (_count(raw.get(name)) for name in ("width", "height", "bytes"))
    return Size(width, height, count, text(raw.get("format")))


def _problem(value: Any) -> Problem | None:
    if not (found := [part for part in flat(value) if part not in (None, "", {})]):
        return None
    if isinstance(found[0], dict):
        code, reason, request_id = (text(found[0].get(name)) for name in ("code", "reason", "request_id"))
        return Problem(code or "error", reason, request_id)
    return Problem("error", text(found[0]))


def _color(raw: dict[str, Any]) -> Color | None:
    value = text(raw.get("hex")).lower()
    if not _HEX.fullmatch(value):
        return None
    share, *lab = (number(raw.get(name)) for name in ("share", "l", "a", "b"))
    places = tuple(place for place in lab if place is not None and abs(place) <= _FARTHEST)
    whole = min(max(share or 0.0, 0.0), 1.0)
    return Color(value, text(raw.get("name")), whole, (places[0], places[1], places[2]) if len(places) == 3 else None)


def _hash(value: Any) -> str | None:
    return _matching(_HASH, value)


def _matching(pattern: re.Pattern[str], value: Any) -> str | None:
    found = text(value).lower()
    return found if pattern.fullmatch(found) else None


def _count(value: Any) -> int | None:
    found = number(value)
    return int(found) if found is not None and 0 <= found <= _LARGEST else None


def text(value: Any) -> str:
    """The first text in a value, or the first number as text; empty if there is neither."""
    for part in flat(value):
        if isinstance(part, str):
            return part
        if isinstance(part, int | float) and not isinstance(part, bool):
            return str(part)
    return ""


def number(value: Any) -> float | None:
    """The first finite number in a value, also one written as text, as Elasticsearch accepts it; None without one."""
    for part in flat(value):
        if isinstance(part, bool) or not isinstance(part, int | float | str):
            continue
        try:
            found = float(part)
        except (ValueError, OverflowError):
            continue
        if math.isfinite(found):
            return found
    return None


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects in a value, which may be an object or a list."""
    return [part for part in flat(value) if isinstance(part, dict)]


def first_object(value: Any) -> dict[str, Any]:
    """The first object in a value; empty when there is none."""
    return next(iter(objects(value)), {})
