"""Takes dropped pictures, to search by them or to store them. Both send them through the ingest pipeline."""

from __future__ import annotations

import os
from io import BufferedIOBase
from pathlib import PurePath
from typing import Any, BinaryIO, cast
from urllib.parse import quote

from elastic_transport import ConnectionTimeout
from elasticsearch import ApiError, AuthorizationException, ConflictError, Elasticsearch
from flask import Blueprint, Response, abort, jsonify, redirect, request, url_for
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response as AnyResponse

from pipelines.cluster.bulks import why_not_written
from pipelines.cluster.picture_body import PictureBody, send
from pipelines.cluster.reasons import reason_of
from pipelines.cluster.sentences import CheckFailed, diagnose
from pipelines.cluster.simulate import PATIENCE, TINY_PNG, simulated
from pipelines.wording import capitalized, well_formed

from ...files import id_of_open_file, title
from ...search import Engine, UserError
from ...search.sampling import sample_of_open_file
from ..context import context, writable_context
from ..page_query import address, like_dropped

blueprint = Blueprint("actions", __name__)
_LONGEST_NAME = 200
# Seconds. With the second before it is asked, a service that is down is reported within five.
_SOON = 3.0
_TRY_LATER = frozenset({429, 503})


@blueprint.get("/healthz")
def healthz() -> Response:
    """Says that this is a gallery, and of which indices."""
    return jsonify(gallery=context().settings.index)


@blueprint.post("/service")
def service() -> Response:
    """Whether the processor service answers soon: the pipeline describes a picture of twelve pixels."""
    here = context()
    try:
        source = {"image": {"data": TINY_PNG}}
        simulated(_once(here.client), here.settings.pipeline, source, patience=_SOON)
    except ConnectionTimeout:
        abort(503, f"The processor service has not answered for {_SOON:.0f} seconds: it is down, or busy.")
    except CheckFailed as failed:
        abort(503, capitalized(f"{failed}."))
    return jsonify(answers=True)


@blueprint.post("/look")
def look() -> AnyResponse:
    """Search by a picture without storing it; the answer is the address of the pictures like it."""
    here = context()
    name, file = _file()
    key = _hash(file)
    here.dropped.keep(
        key, sample_of_open_file(Engine(_once(here.client), here.settings.index), file, name, here.settings.pipeline)
    )
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
            _once(here.client).options(request_timeout=PATIENCE),
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
    except AuthorizationException:
        raise
    except ApiError as error:
        sentence = diagnose(reason_of(error))
        if error.status_code in _TRY_LATER:
            abort(503, capitalized(f"{sentence}."))
        raise UserError(sentence) from error
    if why := why_not_written(answer):
        raise UserError(f"it is not stored: {why}")
    place = url_for("pages.picture", index=answer["_index"], id=id)
    stored = here.engine().get(answer["_index"], id).first
    if stored.error:
        return _done(place, name=name, state="problem", reason=stored.error.reason or stored.error.code)
    return _done(place, name=name, state="stored", bytes=stored.bytes, original=file.seek(0, os.SEEK_END))


def _once(client: Elasticsearch) -> Elasticsearch:
    """The client without retries: the node has tried for a minute, and whoever waits here is a person."""
    return client.options(max_retries=0)


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
