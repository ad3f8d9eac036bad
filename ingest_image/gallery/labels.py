"""Writes values for people: filters and functions for the templates."""

from __future__ import annotations

from typing import Any

from flask import Flask, url_for
from markupsafe import Markup

from pipelines.wording import shown
from processor_service.color.names import SHADES
from processor_service.formats.registry import FORMATS, extensions

from ..search import Hit
from ..search.comparing.likeness import likeness_of
from ..search.found.reasons import Reason
from ..search.found.table import bytes_text, pixels
from ..search.questions.facets import FACETS
from ..search.stored.picture import DocumentPicture, first_object, text
from ..search.stored.recognized import Mark, recognized
from .page_query import PageQuery, exact_filter
from .words import LENGTHS, description_of, tags_of

# Digits of its SHA-256 that distinguish a picture from the others of its document.
VERSION = 12
_TURNS = {
    "rotate_90": "turned right",
    "rotate_180": "upside down",
    "rotate_270": "turned left",
    "flip_horizontal": "mirrored",
    "flip_vertical": "mirrored upside down",
    "transpose": "mirrored and turned",
    "transverse": "mirrored and turned",
}


def register(app: Flask) -> None:
    """Give these filters and functions to the templates."""
    app.jinja_env.finalize = visible
    app.jinja_env.filters.update(
        size=bytes_text, saved=saved, count=count, pixels=lambda size: pixels(size, " × "), recognized=recognized
    )
    app.jinja_env.globals.update(
        extensions=" ".join(sorted(extensions(FORMATS))),
        facet_names={facet.name: facet.heading for facet in FACETS},
        shades=SHADES,
        exact_filter=exact_filter,
        reason=reason,
        thumbnail_of=thumbnail_of,
        version=VERSION,
        page_of=page_of,
        with_question=with_question,
        percent=percent,
        rectangle=rectangle,
        tags_of=tags_of,
        description_of=description_of,
        lengths=LENGTHS,
        has_original=has_original,
    )


def visible(value: Any) -> Any:
    """A value that is safe in a template: control characters in the text of a document are replaced."""
    return shown(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def thumbnail_of(hit: Hit) -> str | None:
    """Address of the thumbnail of the first picture. It changes with the picture, so browsers can cache it."""
    if hit.first.sha256 is None:
        return None
    return url_for("files.thumbnail", index=hit.index, number=0, id=hit.id, v=hit.first.sha256[:VERSION])


def reason(hit: Hit) -> str:
    """Why a picture is a hit, in a few words; empty for a hit of words."""
    turn = f", {_TURNS[hit.turn]}" if hit.turn else ""
    if hit.reason == Reason.EXACT:
        return "exact copy"
    if hit.overlap is not None:
        return ", ".join(filter(None, (f"{hit.reason}{turn}", hit.overlap.words)))
    if hit.distance is not None:
        return f"{hit.reason}{turn} · {hit.distance} bits"
    if hit.likeness is not None:
        return likeness_of(hit.first.embedder).in_words(hit.likeness)
    return hit.reason or "" if hit.reason != Reason.WORDS else ""


def has_original(picture: DocumentPicture) -> bool:
    """Whether the store keeps what came in."""
    return bool(text(first_object(picture.raw.get("original")).get("stored")))


def page_of(hit: Hit, query: PageQuery | None = None, endpoint: str = "pages.picture") -> str:
    """Address of a document's page, or of another one about it. It carries the question, for the way back."""
    return with_question(endpoint, query, index=hit.index, id=hit.id)


def with_question(endpoint: str, query: PageQuery | None = None, **values: Any) -> str:
    """Address of a page that carries the question, for the way back."""
    more: dict[str, Any] = {}
    for name, value in query.pairs() if query else ():
        more.setdefault(name, []).append(value)
    if query and query.duplicates:
        more["duplicates"] = query.duplicates
    return url_for(endpoint, **values, **more)


def percent(part: Any, whole: Any) -> int:
    """`part` of `whole` in percent, 0 to 100."""
    if not isinstance(part, int) or not isinstance(whole, int) or whole <= 0:
        return 0
    return max(0, min(100, round(100 * part / whole)))


def rectangle(mark: Mark, width: int, height: int) -> dict[str, str]:
    """The place of a box in a drawing of this size, as attributes of SVG."""
    sides = {"x": mark.x * width, "y": mark.y * height, "width": mark.width * width, "height": mark.height * height}
    return {name: f"{side:.2f}" for name, side in sides.items()}


def saved(stored: Any, original: Any) -> str:
    """`82 % smaller`: the stored bytes compared with the original."""
    if not isinstance(stored, int) or not isinstance(original, int) or original <= 0:
        return ""
    change = round(100 * (original - stored) / original)
    if change == 0:
        return "same size"
    # No line ends before the sign.
    return f"{change}\u00a0% smaller" if change > 0 else f"{-change}\u00a0% larger"


def count(number: int) -> str:
    """`12 345`, with narrow spaces."""
    return f"{number:,}".replace(",", "\u202f")
