"""Turns the text of `data` into bytes: base64, data URL, base64 with line breaks. Checks limits before work."""

from __future__ import annotations

import pybase64

from ..errors import Code, ImageError
from .data_url import WHITESPACE, base64_of, is_data_url

_URL_SAFE = str.maketrans("-_", "+/")
_NO_WHITESPACE = str.maketrans("", "", WHITESPACE)


def decode_payload(text: object, max_bytes: int) -> bytes:
    """Decode the text that a document has as its picture.

    Raises ImageError `image_too_large` (before decoding, when the text is too long), `empty_image` or
    `invalid_base64`.
    """
    if not isinstance(text, str):
        raise ImageError(Code.INVALID_BASE64, f"data must be a base64 string, got {_json_type(text)}")
    if is_data_url(text):
        payload = base64_of(text)
        if payload is None:
            raise ImageError(
                Code.INVALID_BASE64, "data is a data URL without ';base64,'; send it as data:image/...;base64,..."
            )
        text = payload
    data = _decode(text, max_bytes)
    if not data:
        raise ImageError(Code.EMPTY_IMAGE, "data is empty; it should be the picture as base64")
    if len(data) > max_bytes:
        raise _too_large(len(data), max_bytes)
    return data


def _decode(text: str, max_bytes: int) -> bytes:
    # A line break every 64 characters or more costs less than 4 %.
    if len(text) > max_bytes * 1.4 + 64:
        raise _too_large(len(text) * 3 // 4, max_bytes)
    try:
        return pybase64.b64decode(text, validate=True)
    except ValueError as error:
        # Translating other characters takes seconds.
        if not text.isascii():
            raise _not_base64() from error
    text = text.translate(_NO_WHITESPACE).translate(_URL_SAFE).rstrip("=")
    try:
        return pybase64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError as error:
        raise _not_base64() from error


def _not_base64() -> ImageError:
    return ImageError(
        Code.INVALID_BASE64, "data is not base64: it has characters outside the alphabet or a wrong length"
    )


def _too_large(size: int, max_bytes: int) -> ImageError:
    return ImageError(
        Code.IMAGE_TOO_LARGE,
        f"the picture has about {size} bytes, at most {max_bytes} are accepted (IMAGE_MAX_IMAGE_BYTES)",
    )


def _json_type(value: object) -> str:
    if _is_numbers(value) or (isinstance(value, dict) and (value.get("type") == "Buffer" or "0" in value)):
        # JSON of a Buffer, of its bytes, or of a Uint8Array.
        return "the bytes of a Buffer or Uint8Array as numbers; send Buffer.from(bytes).toString('base64')"
    names = {
        dict: "an object",
        list: "a list",
        bool: "a boolean",
        int: "a number",
        float: "a number",
        type(None): "nothing",
    }
    return names.get(type(value), type(value).__name__)


def _is_numbers(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(type(item) in (int, float) for item in value)
