"""Serves single pictures and thumbnails to browsers."""

from __future__ import annotations

import binascii
from contextlib import suppress
from tempfile import TemporaryFile
from typing import Any, NamedTuple

import pybase64
from flask import Blueprint, Response, abort, redirect, request, url_for
from waitress.adjustments import Adjustments
from werkzeug.wrappers import Response as AnyResponse
from werkzeug.wsgi import wrap_file

from ...search import Hit, UserError
from ...search.stored.picture import DocumentPicture
from ..context import context, document_id
from ..settings import GallerySettings
from .kept import kept_picture

blueprint = Blueprint("files", __name__)
# What a picture must be asked for to have its bytes, and a document to have its name.
BYTES = ("data", "stored")
_NAMED = ("title", "file_name", "file_path", "image.format", "image.metadata.title")
# Recognized by their first bytes, whatever a document says; nothing else is served. No SVG: it can contain scripts.
_KINDS = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF8", "image/gif"),
)
_AVIF_BRANDS = (b"avif", b"avis", b"mif1", b"msf1")
# Bytes of an answer that waitress keeps in memory.
_IN_MEMORY = Adjustments.outbuf_overflow
# The address contains the hash of the picture.
_FOR_EVER = "private, max-age=31536000, immutable"


@blueprint.get("/thumbnail/<index>/<int:number>")
def thumbnail(index: str, number: int) -> AnyResponse:
    """The thumbnail; the stored picture if there is none."""
    small = _decoded(chosen_picture(index, number, "thumbnail").picture.raw.get("thumbnail"))
    if not kind_of(small):
        return redirect(url_for(".image", index=index, number=number, id=document_id(), v=request.args.get("v")))
    return _answer(small)


@blueprint.get("/image/<index>/<int:number>")
def image(index: str, number: int) -> AnyResponse:
    """The stored picture; the thumbnail if browsers cannot show its format, or the picture cannot be had."""
    with context().one_of_few():
        chosen = chosen_picture(index, number, *BYTES)
        data = bytes_of(context().settings, chosen)
        if kind_of(data):
            return _answer(data)
        return _answer(
            _decoded(chosen_picture(index, number, "thumbnail").picture.raw.get("thumbnail")), is_it=bool(data)
        )


class Chosen(NamedTuple):
    """A picture of a document, and its position there."""

    hit: Hit
    picture: DocumentPicture
    place: int


def chosen_picture(index: str, number: int, *names: str) -> Chosen:
    """Some fields of one picture of a document; 404 if there is none, or the service refused it."""
    includes = [*_NAMED, *(f"image.{field}" for field in (*names, "sha256", "error"))]
    try:
        hit = context().allowed_engine(index).get(index, document_id(), source_includes=includes)
    except UserError:
        abort(404)
    pictures, version = hit.pictures, request.args.get("v")
    # Elasticsearch leaves out pictures of a list that have none of the fields, so the position alone is not enough.
    same = [picture for picture in pictures if version and picture.sha256 and picture.sha256.startswith(version)]
    found = next(iter(same or pictures[number : number + 1]), None)
    # A refused picture was never decoded, and with `keep_invalid` it is the original.
    if found is None or found.error:
        abort(404)
    return Chosen(hit, found, pictures.index(found))


def bytes_of(settings: GallerySettings, chosen: Chosen) -> bytes:
    """The stored picture, if it was read with `BYTES`; empty when it cannot be had."""
    hit, picture, place = chosen
    data = _decoded(picture.raw.get("data"))
    if not data and picture.sha256 and picture.raw.get("stored"):
        return kept_picture(settings, hit, place, picture.sha256)
    return data


def _answer(data: bytes, is_it: bool = True) -> Response:
    """The answer with a picture. `is_it`: whether it is what was asked for, for ever."""
    kind = kind_of(data)
    if kind is None:
        abort(404)
    # Handed over as it is: waitress knows its own wrapper.
    answer = Response(_body(data), mimetype=kind, direct_passthrough=len(data) > _IN_MEMORY)
    answer.headers["Content-Length"] = str(len(data))
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer.headers["Content-Disposition"] = "inline"
    if request.args.get("v") and is_it:
        answer.headers["Cache-Control"] = _FOR_EVER
    return answer


def _body(data: bytes) -> Any:
    """A body as waitress takes it. A large one is put on disk here, where an error of the disk can still be answered.

    Waitress would do that itself, behind a head with status 200. Memory would be filled by clients that read slowly.
    """
    if len(data) <= _IN_MEMORY:
        return data
    file = TemporaryFile()  # noqa: SIM115 - waitress closes it, when it is sent
    try:
        file.write(data)
        file.seek(0)
    except OSError:
        with suppress(OSError):
            file.close()
        raise
    return wrap_file(request.environ, file)


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
