"""What is merged into a document: the fields of its picture, the marks, or what stays of a refused picture."""

from __future__ import annotations

import hashlib
from http import HTTPStatus
from typing import Any

import orjson
import pybase64

from .errors import Code, ImageError
from .features import all_features
from .fields import NOT_OURS
from .metadata.cut import cut_refused
from .operations import all_operations
from .picture import Picture
from .registry import entry_names
from .store.addresses import address
from .wire.fields import top_level_names
from .wire.marks import kept_mark, mark, original_mark, source_mark, thumbnail_mark, url_mark
from .wire.payload import decode_payload
from .wire.request import Request

# Within 2 %, people call a picture square.
_SQUARE = 1.02
_SIZE_CLASSES = ((20_000, "icon"), (300_000, "small"), (2_000_000, "medium"), (8_000_000, "large"))
# The picture is at fault, so the document may be stored with its error.
_NO_PICTURE = (Code.NOT_AN_IMAGE, Code.UNSUPPORTED_FORMAT)
AT_FAULT = (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNPROCESSABLE_ENTITY)


def absent_fields(keep_source: bool = False) -> dict[str, Any]:
    """Every field as null, so that none of an earlier picture stays behind.

    The document's own fields are left alone. With `keep_source`, so are those that were read from the original: the
    normalized picture no longer has them.
    """
    kept = set(NOT_OURS)
    if keep_source:
        of_source = (feature.produces() for feature in all_features().values() if feature.of_source)
        kept.update(("original", "original_mark", "redacted"), *of_source)
    return {name: None for name in top_level_names() if name not in kept}


def describe(picture: Picture, stored: bytes, format_name: str, external: bool = False) -> dict[str, Any]:
    """The fields of the stored picture that every document gets, except `data`.

    `external`: whether it goes into the store.
    """
    width, height = picture.image.size
    ratio = max(width, height) / min(width, height)
    sha256 = hashlib.sha256(stored).hexdigest()
    return {
        "stored": address(sha256, format_name) if external else None,
        "format": format_name,
        "width": width,
        "height": height,
        "bytes": len(stored),
        "sha256": sha256,
        "has_alpha": picture.has_transparency(),
        "frames": picture.source.frames,
        "orientation": "square" if ratio <= _SQUARE else "landscape" if width > height else "portrait",
        "size_class": next((name for limit, name in _SIZE_CLASSES if width * height < limit), "huge"),
    }


def describe_original(picture: Picture, data: bytes, sha256: str, keeps: bool = False) -> dict[str, Any]:
    """The fields of the original; `keeps`: whether it goes into the store."""
    source = picture.source
    return {
        "format": source.format,
        "width": source.width,
        "height": source.height,
        "bytes": len(data),
        "sha256": sha256,
        **({"stored": address(sha256, source.format)} if keeps else {}),
    }


def sign(request: Request, fields: dict[str, Any], source: str, key: bytes) -> dict[str, str]:
    """The marks by which the node recognizes a processed picture, its source and its thumbnail, and `recipe`.

    `source`: SHA-256 of the original bytes, in hex.
    """
    recipe, stored, url = request.recipe.hash, fields["sha256"], request.url
    kept = fields["stored"]
    marks = {
        "recipe": recipe,
        "mark": mark(key, recipe, stored) if kept is None else kept_mark(key, recipe, stored, kept),
        "source_mark": source_mark(key, recipe, source, stored) if url is None else url_mark(key, recipe, url, stored),
    }
    if original := (fields.get("original") or {}).get("stored"):
        marks["original_mark"] = original_mark(key, original)
    if thumbnail := fields.get("thumbnail"):
        marks["thumbnail_mark"] = thumbnail_mark(key, recipe, stored, pybase64.b64decode(thumbnail))
    return marks


def failure(error: ImageError, request: Any = None, most: int | None = None) -> dict[str, Any]:
    """The body of a refusal. `request`: the parsed body of the refused request, None when it was not read.

    When the picture is at fault it has `fields` to merge: nulls for the fields of an earlier picture, and what stays,
    in up to `most` bytes.
    """
    return failure_with(error, what_stays(request, error.code, most) if is_at_fault(error) else {})


def failure_with(error: ImageError, stays: dict[str, Any]) -> dict[str, Any]:
    """The same when it is already known what stays of the picture."""
    body: dict[str, Any] = error.body()
    return {**body, "fields": absent_fields() | stays} if is_at_fault(error) else body


def failure_json(body: dict[str, Any]) -> bytes:
    """The body of a refusal as JSON.

    The picture needs no escaping, so it is put in here. orjson would copy it several times, and aborts when there is no
    memory for that.
    """
    fields: dict[str, Any] = body.get("fields", {})
    if not (text := fields.get("data")):
        return orjson.dumps(body)
    others = {name: value for name, value in fields.items() if name != "data"}
    rest = orjson.dumps({**{name: body[name] for name in body if name != "fields"}, "fields": others})
    return b"".join((rest.removesuffix(b"}}"), b',"data":"', text.encode(), b'"}}'))


def is_at_fault(error: ImageError) -> bool:
    """Whether the picture is at fault, so that the document may be stored with its error."""
    return error.code.status in AT_FAULT


def what_stays(request: Any, code: Code | None = None, most: int | None = None) -> dict[str, Any]:
    """The field `data` of a refused picture: the same file without its metadata, or null when it cannot be cut.

    Null, too, when more than `most` bytes would stay: no result may be larger (IMAGE_MAX_RESULT_BYTES).

    Null, too, when the recipe hides what must not be seen: nothing was hidden in it. Nothing for a picture that is
    fetched by its address. What is stored of it stays: the address may work again tomorrow.
    """
    if isinstance(request, dict) and request.get("url") is not None:
        return {}
    if conceals(request):
        return {"data": None}
    # A raw file begins like a TIFF: only its preview would be left.
    return {"data": None if code in _NO_PICTURE else _without_metadata(request, code is Code.TRUNCATED_IMAGE, most)}


def conceals(request: Any) -> bool:
    """Whether any operation of a request, which need not be valid, hides what must not be stored."""
    lists = [request.get(key) for key in ("operations", "document_operations")] if isinstance(request, dict) else []
    names = {name for entries in lists for name in entry_names(entries)}
    return any(kind.conceals for name, kind in all_operations().items() if name in names)


def _without_metadata(request: Any, cut_off: bool, most: int | None) -> str | None:
    text = request.get("data") if isinstance(request, dict) else None
    try:
        # A longer body was refused before it was read.
        cut = cut_refused(decode_payload(text, len(text)), cut_off=cut_off) if isinstance(text, str) else None
    except ImageError:
        return None
    if cut is None or (most is not None and len(cut) > most):
        return None
    return pybase64.b64encode_as_string(cut)
