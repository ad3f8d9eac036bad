"""Serves single pictures and thumbnails to browsers."""

from __future__ import annotations

import binascii
from typing import Any

import pybase64
from flask import Blueprint, Response, abort, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from ..search import UserError
from .context import context, document_id

blueprint = Blueprint("files", __name__)
# Recognized by their first bytes, whatever a document says; nothing else is served. No SVG: it can contain scripts.
_KINDS = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF8", "image/gif"),
)
_AVIF_BRANDS = (b"avif", b"avis", b"mif1", b"msf1")
# The address contains the hash of the picture.
_FOR_EVER = "private, max-age=31536000, immutable"


@blueprint.get("/thumbnail/<index>/<int:number>")
def thumbnail(index: str, number: int) -> AnyResponse:
    """The thumbnail; the stored picture if there is none."""
    small = _field(index, number, "thumbnail")
    if not kind_of(_decoded(small)):
        return redirect(url_for(".image", index=index, number=number, id=document_id(), v=request.args.get("v")))
    return _answer(small)


@blueprint.get("/image/<index>/<int:number>")
def image(index: str, number: int) -> AnyResponse:
    """The stored picture; the thumbnail if browsers cannot show its format."""
    with context().one_of_few():
        data = _field(index, number, "data")
        return _answer(data if kind_of(_decoded(data)) else _field(index, number, "thumbnail"))


def _field(index: str, number: int, name: str) -> Any:
    """A field of one picture of a document; 404 if there is none, or the service refused the picture."""
    includes = [f"image.{field}" for field in (name, "sha256", "error")]
    try:
        hit = context().allowed_engine(index).get(index, document_id(), source_includes=includes)
    except UserError:
        abort(404)
    pictures, version = hit.pictures, request.args.get("v")
    # Elasticsearch leaves out pictures of a list that have none of the fields, so the position alone is not enough.
    same = [picture for picture in pictures if version and picture.sha256 and picture.sha256.startswith(version)]
    chosen = next(iter(same or pictures[number : number + 1]), None)
    # A refused picture was never decoded, and with `keep_invalid` it is the original.
    if chosen is None or chosen.error:
        abort(404)
    return chosen.raw.get(name)


def _answer(data: Any) -> Response:
    decoded = _decoded(data)
    kind = kind_of(decoded)
    if kind is None:
        abort(404)
    answer = Response(decoded, mimetype=kind)
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer.headers["Content-Disposition"] = "inline"
    if request.args.get("v"):
        answer.headers["Cache-Control"] = _FOR_EVER
    return answer


def _decoded(data: Any) -> bytes:
    try:
        return pybase64.b64decode(data) if isinstance(data, str) else b""
    except (ValueError, binascii.Error):
        return b""


def kind_of(data: bytes) -> str | None:
    """Content type of a picture that browsers can show; None for everything else."""
    for start, kind in _KINDS:
        if data.startswith(start):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return "image/avif" if data[4:8] == b"ftyp" and data[8:12] in _AVIF_BRANDS else None
