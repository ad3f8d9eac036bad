"""Takes dropped pictures, to search by them or to store them. Both send them through the ingest pipeline."""

from __future__ import annotations

import os
from io import BufferedIOBase
from pathlib import PurePath
from typing import Any, BinaryIO, cast
from urllib.parse import quote

from elasticsearch import ApiError, ConflictError
from flask import Blueprint, Response, jsonify, redirect, request, url_for
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response as AnyResponse

from pipelines.cluster.picture_body import PictureBody, send
from pipelines.cluster.reasons import reason_of
from pipelines.cluster.sentences import diagnose
from pipelines.cluster.simulate import PATIENCE
from pipelines.wording import well_formed

from ..files import id_of_open_file, title
from ..search import UserError
from ..search.sampling import sample_of_open_file
from .context import context, writable_context
from .page_query import address, like_dropped

blueprint = Blueprint("actions", __name__)
_LONGEST_NAME = 200


@blueprint.get("/healthz")
def healthz() -> Response:
    """Says that this is a gallery, and of which indices."""
    return jsonify(gallery=context().settings.index)


@blueprint.post("/look")
def look() -> AnyResponse:
    """Search by a picture without storing it; the answer is the address of the pictures like it."""
    here = context()
    name, file = _file()
    key = _hash(file)
    here.dropped.keep(key, sample_of_open_file(here.engine(), file, name, here.settings.pipeline))
    return _done(address([("like", like_dropped(key))]))


@blueprint.post("/upload")
def upload() -> AnyResponse:
    """Store a picture: one PUT through the pipeline. The same bytes are stored once."""
    here = writable_context()
    name, file = _file()
    index, id = here.settings.upload_index, _hash(file)
    about = {"title": title(PurePath(name).stem), "file_name": name}
    body = PictureBody(file, lambda data: {**about, "image": {"data": data}})
    try:
        answer = send(
            here.client.options(request_timeout=PATIENCE),
            "PUT",
            f"/{quote(index, safe='')}/_doc/{id}",
            body,
            op_type="create",
            pipeline=here.settings.pipeline,
            refresh="true",
        )
    except ConflictError:
        # The index behind an alias has another name, which only the stored document tells.
        found = here.engine().client.search(index=index, query={"ids": {"values": [id]}}, source=False)["hits"]["hits"]
        place = url_for("pages.picture", index=found[0]["_index"], id=id) if found else "/"
        return _done(place, name=name, state="there")
    except ApiError as error:
        raise UserError(diagnose(reason_of(error))) from error
    place = url_for("pages.picture", index=answer["_index"], id=id)
    stored = here.engine().get(answer["_index"], id).first
    if stored.error:
        return _done(place, name=name, state="problem", reason=stored.error.reason or stored.error.code)
    return _done(place, name=name, state="stored", bytes=stored.bytes, original=file.seek(0, os.SEEK_END))


def _file() -> tuple[str, BinaryIO]:
    """Name and bytes of the picture. The parser of the request keeps large ones in a temporary file."""
    # A form of the other type has no files, and parsing it takes up to thirty times its bytes of memory.
    is_upload = request.mimetype == "multipart/form-data"
    sent: FileStorage | None = request.files.get("file") if is_upload else None
    if sent is None or not sent.stream.read(1):
        raise UserError("the request has no file")
    # Browsers send a name without folders; other clients may not.
    name = PurePath((sent.filename or "picture").replace("\\", "/")).name[:_LONGEST_NAME]
    return well_formed(name) or "picture", cast(BinaryIO, sent.stream)


def _hash(file: BinaryIO) -> str:
    # Both kinds of file are buffered, though BinaryIO does not say so.
    return id_of_open_file(cast(BufferedIOBase, file))


def _done(place: str, **more: Any) -> AnyResponse:
    """An object for the script; without script, a redirect to the page."""
    if request.accept_mimetypes.best == "application/json":
        return jsonify(url=place, **more)
    return redirect(place, 303)
