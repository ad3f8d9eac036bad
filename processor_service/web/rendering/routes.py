"""`GET /v1/images/<index>/<id>`."""

from __future__ import annotations

import threading
import time
import weakref
from typing import TYPE_CHECKING

import structlog
from flask import Blueprint, Response, request
from werkzeug.exceptions import RequestedRangeNotSatisfiable

from ...errors import Code, ImageError
from ...formats.registry import mime_type
from ...settings import Settings
from ...workers.pools import Pools
from ..callers.authentication import check_caller
from ..monitoring.metrics import Metrics
from ..monitoring.request_ids import log_causes, request_id
from .access import keys, seconds_left
from .address import RenderRequest, check_place, not_found, parse
from .kept import KeptPictures
from .renderer import Refused, Renderer, etag

if TYPE_CHECKING:
    from ...store.picture_store import PictureStore

log = structlog.get_logger("processor_service")
NAME = "images"
_YEAR = 31_536_000
# Behind a document's id, another form of `original=1`.
_ORIGINAL = "/original"
_HEADERS = {
    # Browsers must take the bytes as a picture, whatever else they could be.
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


def rendering(settings: Settings, pool: Pools, metrics: Metrics, store: PictureStore | None = None) -> Blueprint:
    """The route that shows stored pictures; `store`: where those are that no document holds."""
    blueprint = Blueprint(NAME, __name__)
    if not settings.render_indices:
        return blueprint
    # Only services that render need the client of Elasticsearch, which makes the start longer and takes 12 MB.
    from .stored import Said, Stored

    stored = Stored(settings, store)
    renderer, kept = Renderer(settings, pool, stored), KeptPictures(settings, store)
    # As many as may wait. Each has a thread of the web process until its client has read the answer.
    slots = threading.BoundedSemaphore(render_threads(settings))

    @blueprint.get("/v1/images/<index>/<path:id>")
    def image(index: str, id: str) -> Response:
        start = time.perf_counter()
        left = _check_access(settings)
        if not slots.acquire(blocking=False):
            raise ImageError(Code.BUSY, "all workers are busy and the queue is full")
        try:
            response, how = answer(index, id, left)
        except BaseException as error:
            slots.release()
            if isinstance(error, ImageError):
                metrics.rendered.labels(error.code.code).inc()
            raise
        # Once, also when the answer is never sent because something fails that comes after this.
        response.call_on_close(weakref.finalize(response, slots.release))
        metrics.rendered.labels(how).inc()
        seconds = round(time.perf_counter() - start, 4)
        log.info("render", request_id=request_id(), status=response.status_code, how=how, total_seconds=seconds)
        return response

    def answer(index: str, id: str, left: int) -> tuple[Response, str]:
        arguments = list(request.args.items(multi=True))
        if settings.render_originals and id.endswith(_ORIGINAL):
            id, arguments = id.removesuffix(_ORIGINAL), [*arguments, ("original", "1")]
        check_place(index, id, settings.render_indices)
        wanted = parse(arguments, request.accept_mimetypes)
        said = looked_up(index, id, wanted)
        sha256, tag = said.sha256, etag(index, said.sha256, wanted.operations) if said.sha256 else ""
        if tag and request.if_none_match.contains_weak(tag):
            response, how = Response(status=304), "not_modified"
        elif said.key and not wanted.operations:
            response, how = kept.answer(said.key, left)
        else:
            try:
                found = renderer.cached(sha256, tag) or renderer.render(index, id, wanted, said, tag)
            except Refused as refused:
                return _refusal(refused)
            sha256, tag = found.sha256, found.etag
            how = "cached" if found.cached else "rendered"
            response = Response(found.data, mimetype=mime_type(found.format))
        response.set_etag(tag)
        if "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = _cache_control(settings, wanted.version, sha256, left)
        if wanted.negotiated:
            response.headers["Vary"] = "Accept"
        if response.status_code == 200:
            # Parts of it; and documents that did not say before what their picture is.
            length = response.content_length or response.calculate_content_length()
            try:
                response.make_conditional(request.environ, accept_ranges=True, complete_length=length)
            except RequestedRangeNotSatisfiable as error:
                raise ImageError(Code.RANGE_NOT_SATISFIABLE, f"the picture has {length} bytes") from error
        return response, how

    def looked_up(index: str, id: str, wanted: RenderRequest) -> Said:
        if wanted.original:
            if not settings.render_originals:
                raise not_found()
            return stored.original(index, id, wanted.number)
        return stored.said(index, id) if wanted.number == 0 else Said()

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


def _refusal(refused: Refused) -> tuple[Response, str]:
    """The answer of the worker that refused the picture."""
    answer = refused.answer
    log_causes(answer.summary["code"], answer.summary.pop("causes", None))
    return Response(answer.body, answer.summary["status"], mimetype="application/json"), answer.summary["code"]


def _cache_control(settings: Settings, version: str, sha256: str, left: int) -> str:
    """`v=` with the beginning of the picture's SHA-256 names exactly one picture, which never changes."""
    if len(version) >= 8 and sha256.startswith(version):
        return f"private, max-age={min(_YEAR, left)}, immutable"
    return f"private, max-age={min(settings.render_max_age, left)}"
