"""The limits of the service, in the order in which a picture meets them, and what is answered above each."""

from __future__ import annotations

from ingest_image.gallery.documents import MOST as MOST_DOCUMENTS
from processor_service.errors import Code
from processor_service.metadata.text import MOST_CHARACTERS, MOST_OF_CAPTION
from processor_service.recognition.identity import MOST as MOST_FACES
from processor_service.settings import Settings
from processor_service.wire.recipe import MOST_BYTES, MOST_ENTRIES

from .markdown import table

# By the name of the setting.
_LIMITS: dict[str, Code | str] = {
    "connections": "the oldest connection without a token is closed, or one with it that sends nothing",
    "max_held_bytes": Code.BUSY,
    "max_image_bytes": Code.IMAGE_TOO_LARGE,
    "queue_size": Code.BUSY,
    "url_fetches": Code.BUSY,
    "url_timeout": Code.URL_TOO_SLOW,
    "max_pixels": Code.TOO_MANY_PIXELS,
    "max_jpeg_pixels": Code.TOO_MANY_PIXELS,
    "max_slow_pixels": Code.TOO_MANY_PIXELS,
    "max_dimension": Code.DIMENSION_TOO_LARGE,
    "max_frames": Code.TOO_MANY_FRAMES,
    "worker_memory": Code.OUT_OF_MEMORY,
    "picture_timeout": Code.PICTURE_TIMEOUT,
    "max_result_bytes": Code.RESULT_TOO_LARGE,
    "store_timeout": Code.STORE_UNAVAILABLE,
}


def limits() -> str:
    """The table: setting, default, what is answered."""
    return table(("setting", "default", "above it"), (_row(name, answer) for name, answer in _LIMITS.items()))


def fixed() -> str:
    """The table of the bounds that no setting changes, as far as their numbers are in our code."""
    rows = (
        ("operations, properties of a recipe", f"{MOST_ENTRIES} each, {MOST_BYTES // 1024} kB as JSON together"),
        ("faces whose vectors are stored", f"{MOST_FACES} a picture"),
        ("captions that are searchable", f"{MOST_OF_CAPTION:,} characters"),
        ("title, artist and rights of the metadata", f"{MOST_CHARACTERS:,} characters each"),
        ("documents that the gallery changes at a time", f"{MOST_DOCUMENTS:,}"),
    )
    return table(("limit", ""), rows)


def _row(name: str, answer: Code | str) -> tuple[str, str, str]:
    said = f"{int(answer.status)} `{answer.code}`" if isinstance(answer, Code) else answer
    return f"`IMAGE_{name.upper()}`", f"`{Settings.model_fields[name].default}`", said
