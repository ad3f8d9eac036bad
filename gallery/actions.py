"""What a dropped picture is for: to search by it, or to be stored. Both run it through the ingest pipeline."""

from __future__ import annotations

import hashlib
from pathlib import PurePath
from typing import Any

import pybase64
from elasticsearch import ApiError, ConflictError
from flask import Blueprint, Response, abort, jsonify, redirect, request, url_for
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response as AnyResponse

from pipelines.check import diagnose
from pipelines.client import reason_of
from pipelines.files import title
from pipelines.search import UserError
from pipelines.search.look import look_at_bytes
from pipelines.wording import well_formed

from .asked import address, dropped
from .context import context

blueprint = Blueprint("actions", __name__)
_PATIENCE = 90
_LONGEST_NAME = 200


@blueprint.get("/healthz")
def healthz() -> Response:
    """That this is a gallery, and of which indices."""
    return jsonify(gallery=context().settings.index)


@blueprint.post("/look")
def look() -> AnyResponse:
    """Look at a picture without storing it; the answer is the address of the pictures like it."""
    here = context()
    name, data = _file()
    sample = look_at_bytes(here.engine(), data, name, here.settings.pipeline)
    return _done(address([("like", dropped(here.samples.keep(data, sample)))]))


@blueprint.post("/upload")
def upload() -> AnyResponse:
    """Store a picture: one PUT through the pipeline. The same bytes are stored once."""
    here = context()
    if here.settings.read_only:
        abort(403, "This gallery only shows pictures.")
    name, data = _file()
    index, id = here.settings.upload_index, hashlib.sha256(data).hexdigest()[:32]
    document = {
        "title": title(PurePath(name).stem),
        "file_name": name,
        "image": {"data": pybase64.b64encode(data).decode("ascii")},
    }
    try:
        answer = here.client.options(request_timeout=_PATIENCE).index(
            index=index, id=id, document=document, op_type="create", pipeline=here.settings.pipeline, refresh=True
        )
    except ConflictError:
        # Behind an alias is an index of another name, which is known only from what was stored.
        found = here.engine().client.search(index=index, query={"ids": {"values": [id]}}, source=False)["hits"]["hits"]
        place = url_for("pages.picture", index=found[0]["_index"], id=id) if found else "/"
        return _done(place, name=name, state="there")
    except ApiError as error:
        raise UserError(diagnose(reason_of(error))) from error
    place = url_for("pages.picture", index=answer["_index"], id=id)
    stored = here.engine().get(answer["_index"], id).first
    if stored.error:
        return _done(place, name=name, state="problem", reason=stored.error.reason or stored.error.code)
    return _done(place, name=name, state="stored", bytes=stored.bytes, original=len(data))


def _file() -> tuple[str, bytes]:
    file: FileStorage | None = request.files.get("file")
    data = file.read() if file else b""
    if file is None or not data:
        raise UserError("there is no file in the request")
    # Browsers send a name without folders; others may not.
    name = PurePath((file.filename or "picture").replace("\\", "/")).name[:_LONGEST_NAME]
    return well_formed(name) or "picture", data


def _done(place: str, **more: Any) -> AnyResponse:
    """For the script an object, without script the page itself."""
    if request.accept_mimetypes.best == "application/json":
        return jsonify(url=place, **more)
    return redirect(place, 303)
