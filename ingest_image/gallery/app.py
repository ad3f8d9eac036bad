"""Makes the Flask application of the gallery."""

from __future__ import annotations

from elastic_transport import TransportError
from elasticsearch import (
    ApiError,
    AuthenticationException,
    AuthorizationException,
    Elasticsearch,
    UnsupportedProductError,
)
from flask import Flask, Response, jsonify, make_response, render_template, request
from werkzeug.exceptions import HTTPException

from pipelines.cluster.client import explain
from pipelines.wording import capitalized

from ..duplicates.clusters import find_clusters
from ..search import Engine, UserError
from . import labels
from .changing import actions, deleting, editing, operating, retrying, tagging
from .context import Context
from .dropped import DroppedPictures
from .looking import Looking
from .pictures import downloads, files
from .serving import security
from .serving.login import require_user
from .serving.request_body import NO_ROOM, check_body
from .settings import GallerySettings
from .showing import duplicates_page, pages, world

# Bytes for the rest of the form.
_FORM_ROOM = 64 << 10
# Seconds after which it is worth another try when the disk is full or others take too long.
_LATER = 10
_WRONG = "Elasticsearch does not know this user, or the password is wrong."


def create_app(client: Elasticsearch, settings: GallerySettings | None = None) -> Flask:
    """A gallery over the indices of `client`."""
    settings = settings or GallerySettings()
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_upload_bytes + _FORM_ROOM
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    looking = Looking(lambda tick: find_clusters(Engine(client, settings.index), turned=True, tick=tick))
    app.extensions["gallery"] = Context(client, settings, DroppedPictures(), looking)
    security.protect(app, settings)
    if settings.login:
        require_user(app)
    app.before_request(check_body)
    labels.register(app)
    for routes in (
        pages,
        world,
        duplicates_page,
        files,
        actions,
        editing,
        deleting,
        operating,
        downloads,
        tagging,
        retrying,
    ):
        app.register_blueprint(routes.blueprint)
    app.register_error_handler(HTTPException, lambda error: _failed(error.code or 500, _sentence(error)))
    app.register_error_handler(UserError, lambda error: _failed(400, str(error)))
    app.register_error_handler(OSError, _no_room)
    for kind in (ApiError, TransportError, UnsupportedProductError):
        app.register_error_handler(kind, lambda error: _failed(502, explain(error, settings.elasticsearch_url)))
    app.register_error_handler(AuthorizationException, lambda error: _failed(403, explain(error, "")))
    if settings.login:
        app.register_error_handler(AuthenticationException, lambda _: _failed(401, _WRONG))
    return app


def _no_room(error: OSError) -> Response:
    if error.errno not in NO_ROOM:
        raise error
    return _failed(
        507,
        "The disk for uploads and large pictures (TMPDIR) is full or read-only. Nothing was stored; try again later.",
    )


def _failed(status: int, sentence: str) -> Response:
    """The sentence: as JSON for the script, as a page for people."""
    if request.accept_mimetypes.best == "application/json":
        answer = jsonify(error=capitalized(sentence))
    else:
        answer = make_response(render_template("error.html", status=status, sentence=capitalized(sentence)))
    answer.status_code = status
    if status in (503, 507):
        answer.headers["Retry-After"] = str(_LATER)
    return answer


def _sentence(error: HTTPException) -> str:
    if error.code == 413:
        return "This file is too large for the gallery."
    if error.code == 404:
        return "There is no such page or picture."
    return error.description or error.name
