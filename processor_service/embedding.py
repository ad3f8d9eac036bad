"""A question, a picture or words, to its vector (`POST /v1/embed`), by the embedder that makes those of documents."""

from __future__ import annotations

from typing import Any

from . import image_io
from .embedders import embedded
from .errors import Code, ImageError
from .features.embedding import Embedding
from .operations.resize import Resize
from .payload import decode_payload
from .settings import Settings
from .timing import Stopwatch

# No more is looked at, and ordinary JPEGs are decoded straight to that size.
_TARGET = Resize(width=1024, height=1024, fit="inside")
_LONGEST_TEXT = 2000


def embed(question: Any, settings: Settings, watch: Stopwatch) -> dict[str, Any]:
    """The fields `embedding` and `embedder` of a picture (`data`) or of words (`text`). Raises ImageError."""
    if not isinstance(question, dict) or question.keys() not in ({"data"}, {"text"}):
        raise ImageError(Code.INVALID_REQUEST, "the body must be an object with either `data` or `text`")
    if "text" in question:
        with watch("embedding"):
            fields = embedded(_words(question["text"]))
    else:
        data = decode_payload(question["data"], settings.max_image_bytes)
        with watch("decode"):
            picture = image_io.decode(data, settings, lambda width, height, _: _TARGET.size(width, height))
        with watch("embedding"):
            fields = Embedding().extract(picture)
    if not fields:
        raise ImageError(Code.NOTHING_TO_COMPARE, "the embedder finds nothing in it that could be compared")
    return fields


def _words(text: Any) -> str:
    if not isinstance(text, str) or not text.strip() or len(text) > _LONGEST_TEXT:
        raise ImageError(Code.INVALID_REQUEST, f"text must be words, at most {_LONGEST_TEXT} characters")
    return text.strip()
