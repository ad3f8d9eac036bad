"""The text of `data` to bytes: base64, data URL, base64 with line breaks; limits before work."""

from __future__ import annotations

import re

import pybase64

from .errors import Code, ImageError

_WHITESPACE = re.compile(r"\s+")
_URL_SAFE = str.maketrans("-_", "+/")


def decode_payload(text: object, max_bytes: int) -> bytes:
    """Decode what a document carries as a picture.

    Raises ImageError `image_too_large` (before decoding, when the text is too long) or `invalid_base64`.
    """
    if not isinstance(text, str):
        raise ImageError(Code.INVALID_BASE64, f"data must be a base64 string, got {_json_type(text)}")
    if text.startswith("data:"):
        text = _data_url(text)
    data = _decode(text, max_bytes)
    if not data:
        raise ImageError(Code.INVALID_BASE64, "data is empty; it should be the picture as base64")
    if len(data) > max_bytes:
        raise _too_large(len(data), max_bytes)
    return data


def _decode(text: str, max_bytes: int) -> bytes:
    # A line break every 64 characters or more costs less than 4 %.
    if len(text) > max_bytes * 1.4 + 64:
        raise _too_large(len(text) * 3 // 4, max_bytes)
    try:
        return pybase64.b64decode(text, validate=True)
    except ValueError:
        pass
    text = _WHITESPACE.sub("", text).translate(_URL_SAFE).rstrip("=")
    try:
        return pybase64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        raise ImageError(
            Code.INVALID_BASE64, "data is not base64: it has characters outside the alphabet or a wrong length"
        ) from None


def _data_url(text: str) -> str:
    header, comma, rest = text.partition(",")
    if not comma or not header.endswith(";base64"):
        raise ImageError(
            Code.INVALID_BASE64, "data is a data URL without ';base64,'; send it as data:image/...;base64,..."
        )
    return rest


def _too_large(size: int, max_bytes: int) -> ImageError:
    return ImageError(
        Code.IMAGE_TOO_LARGE,
        f"the picture has about {size} bytes, at most {max_bytes} are accepted (IMAGE_MAX_IMAGE_BYTES)",
    )


def _json_type(value: object) -> str:
    names = {
        dict: "an object",
        list: "a list",
        bool: "a boolean",
        int: "a number",
        float: "a number",
        type(None): "nothing",
    }
    return names.get(type(value), type(value).__name__)
