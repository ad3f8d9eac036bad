"""The answer for a refused picture, with what of it may be stored beside its error."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import pybase64

from .errors import Code, ImageError
from .metadata.cut import cut_refused
from .pipeline import absent_fields
from .wire.payload import decode_payload

# The picture is at fault, so the document may be stored with its error.
_NO_PICTURE = (Code.NOT_AN_IMAGE, Code.UNSUPPORTED_FORMAT)
AT_FAULT = (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNPROCESSABLE_ENTITY)


def failure(error: ImageError, request: Any = None) -> dict[str, Any]:
    """The body of a refusal; `request` is the refused body as JSON, None when it was not read.

    When the picture is at fault it has `fields` to merge: nulls for what an earlier picture left, and in `data` the
    same file without its metadata, or null when nobody can take the metadata out of it. What is stored of a picture
    that is fetched by its address stays: the address may be back tomorrow.
    """
    body: dict[str, Any] = error.body()
    if error.code.status not in AT_FAULT:
        return body
    fields = absent_fields()
    if not (isinstance(request, dict) and request.get("url") is not None):
        # Of a raw file, which begins as a TIFF, only the preview would be left.
        fields["data"] = None if error.code in _NO_PICTURE else _without_metadata(request)
    return {**body, "fields": fields}


def _without_metadata(request: Any) -> str | None:
    text = request.get("data") if isinstance(request, dict) else None
    try:
        # What was too long for this has been refused before it was read.
        cut = cut_refused(decode_payload(text, len(text))) if isinstance(text, str) else None
    except ImageError:
        return None
    return None if cut is None else pybase64.b64encode_as_string(cut)
