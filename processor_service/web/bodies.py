"""The body of a request, read."""

from __future__ import annotations

import io
import threading
from typing import Any

import orjson
from flask import g, request

from ..errors import Code, ImageError
from ..nesting import check_nesting
from ..wire.values import memory_of_values

# Bytes in memory of all values but the picture, which this process parses itself: far more than any recipe has.
MOST_VALUES = 32 * 1024**2
# Characters of a text of which each may take four bytes. Base64 takes one for each, however long it is.
_MOST_CHARACTERS = MOST_VALUES // 4
# Taken while one form of a picture becomes another: however many requests come at once, one of them is there twice.
CONVERTING = threading.Lock()
# More than Elasticsearch's limit on a document (100 MB). The rest of a longer request is not read.
_DRAINED = 128 * 1024 * 1024


class LongText(ImageError):
    """A text is longer than any but base64, which it is not: the picture is none."""


def whole_body() -> bytes:
    """The request's body. Raises ImageError `body_changed` when the request was signed with another one."""
    # Raises RequestEntityTooLarge. Reading from it would copy the body several times.
    _ = request.stream
    body: bytes = request.environ["wsgi.input"].read(request.content_length or 0)
    if signed := g.get("signed"):
        signed.check_body(body)
    return body


def json_body() -> dict[str, Any]:
    """The request's JSON object. The body itself is freed. Raises ImageError `invalid_request`, and LongText."""
    text = whole_body()
    if memory_of_values(text) > MOST_VALUES:
        raise ImageError(
            Code.INVALID_REQUEST, "the body has too many values or too much punctuation; only base64 may be so long"
        )
    try:
        with CONVERTING:
            body = orjson.loads(text)
            del text
            _free_body()
            _check_texts(body)
    except orjson.JSONDecodeError as error:
        raise ImageError(Code.INVALID_REQUEST, "the body is not JSON") from error
    if not isinstance(body, dict):
        raise ImageError(Code.INVALID_REQUEST, "the body must be a JSON object")
    check_nesting(body)
    return body


def _check_texts(body: Any) -> None:
    values = [body]
    while values:
        one = values.pop()
        if isinstance(one, str) and len(one) > _MOST_CHARACTERS and not one.isascii():
            raise LongText(Code.INVALID_BASE64, f"a text of more than {_MOST_CHARACTERS} characters must be base64")
        values += one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()


def _free_body() -> None:
    # It still counts as held (reading_loop.py), for what was made of it.
    stream = request.environ["wsgi.input"]
    if isinstance(stream, io.BytesIO):
        stream.seek(0)
        stream.truncate()


def drain() -> None:
    """Read the rest of a body that nobody wants: a client that is still sending would miss the answer."""
    left = _DRAINED
    while left > 0 and (chunk := request.environ["wsgi.input"].read(min(left, 64 * 1024))):
        left -= len(chunk)
