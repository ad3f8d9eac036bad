"""`GET /v1/images/<index>/<id>`."""

from __future__ import annotations

import threading
import time

import structlog
from flask import Blueprint, Response, request

from ...errors import Code, ImageError
from ...formats.registry import mime_type
from ...settings import Settings
from ...workers.pools import Pools
from ..authentication import check_caller
from ..metrics import Metrics
from ..request_ids import log_causes, request_id
from .access import keys, seconds_left
from .address import check_place, parse
from .renderer import Refused, Renderer

log = structlog.get_logger("processor_service")
NAME = "images"
_YEAR = 31_536_000
_HEADERS = {
    # Browsers must take the bytes as a picture, whatever else they could be.
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


def rendering(settings: Settings, pool: Pools, metrics: Metrics) -> Blueprint:
    """The route that shows stored pictures."""
    blueprint = Blueprint(NAME, __name__)
    if not settings.render_indices:
        return blueprint
    renderer = Renderer(settings, pool)
    # As many as may wait. Each has a thread of the web process.
    slots = threading.BoundedSemaphore(render_threads(settings))

    @blueprint.get("/v1/images/<index>/<path:id>")
    def image(index: str, id: str) -> Response:
        start = time.perf_counter()
        left = _check_access(settings)
        if not slots.acquire(blocking=False):
            raise ImageError(Code.BUSY, "all workers are busy and the queue is full")
        try:
            response, how = _answer(renderer, settings, index, id, left)
        except ImageError as error:
            metrics.rendered.labels(error.code.code).inc()
            raise
        finally:
            slots.release()
        metrics.rendered.labels(how).inc()
        seconds = round(time.perf_counter() - start, 4)
        log.info("render", request_id=request_id(), status=response.status_code, how=how, total_seconds=seconds)
        return response

    @blueprint.after_request
    def protect(response: Response) -> Response:
        response.headers.update(_HEADERS)
        if response.status_code >= 400:
            response.headers["Cache-Control"] = "no-store"
        return response

    return blueprint


def render_threads(settings: Settings) -> int:
    """Most threads of the web process that pictures on the fly take."""
    return settings.workers + settings.queue_size if settings.render_indices else 0


def _check_access(settings: Settings) -> int:
    """Seconds for which the address is valid; a year with the token."""
    accepted = keys(settings)
    if "signature" not in request.args or not accepted:
        if accepted and not settings.accepted_tokens():
            raise ImageError(Code.UNAUTHORIZED, "the address is not signed (docs/rendering.md)")
        check_caller()
        return _YEAR
    return seconds_left(request.path, list(request.args.items(multi=True)), accepted)


def _answer(renderer: Renderer, settings: Settings, index: str, id: str, left: int) -> tuple[Response, str]:
    check_place(index, id, settings.render_indices)
    wanted = parse(list(request.args.items(multi=True)), request.accept_mimetypes)
    sha256, tag = renderer.unchanged(index, id, wanted)
    if tag and request.if_none_match.contains_weak(tag):
        response, how = Response(status=304), "not_modified"
    else:
        try:
            found = renderer.cached(sha256, tag) or renderer.render(index, id, wanted, sha256, tag)
        except Refused as refused:
            answer = refused.answer
            log_causes(answer.summary["code"], answer.summary.pop("causes", None))
            return Response(answer.body, answer.summary["status"], mimetype="application/json"), answer.summary["code"]
        sha256, tag = found.sha256, found.etag
        response, how = Response(found.data, mimetype=mime_type(found.format)), "cached" if found.cached else "rendered"
    response.set_etag(tag)
    response.headers["Cache-Control"] = _cache_control(settings, wanted.version, sha256, left)
    if wanted.negotiated:
        response.headers["Vary"] = "Accept"
    # For documents that did not say before what their picture is.
    response.make_conditional(request.environ)
    return response, how


def _cache_control(settings: Settings, version: str, sha256: str, left: int) -> str:
    """`v=` with the beginning of the picture's SHA-256 names exactly one picture, which never changes."""
    if len(version) >= 8 and sha256.startswith(version):
        return f"private, max-age={min(_YEAR, left)}, immutable"
    return f"private, max-age={min(settings.render_max_age, left)}"
