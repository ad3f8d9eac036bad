"""`GET /v1/images/<index>/<id>`."""

from __future__ import annotations

import threading
import time
import weakref
from typing import TYPE_CHECKING

import structlog
from flask import Blueprint, Response, g, request

from ...errors import Code, ImageError
from ...settings import Settings
from ...workers.pools import Pools
from ..callers.authentication import check_caller
from ..held_bytes import HeldBytes
from ..monitoring.metrics import Metrics
from ..monitoring.request_ids import request_id
from .access import keys, seconds_left
from .answers import YEAR, Answers
from .kept import KeptPictures
from .renderer import Renderer

if TYPE_CHECKING:
    from ...store.picture_store import PictureStore

log = structlog.get_logger("processor_service")
NAME = "images"
_HEADERS = {
    # Browsers must take the bytes as a picture, whatever else they could be.
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


def rendering(
    settings: Settings, pool: Pools, metrics: Metrics, held: HeldBytes, store: PictureStore | None = None
) -> Blueprint:
    """The route that shows stored pictures; `store`: where those are that no document holds."""
    blueprint = Blueprint(NAME, __name__)
    if not settings.render_indices:
        return blueprint
    # Only services that render need the client of Elasticsearch, which makes the start longer and takes 12 MB.
    from .stored import StoredDocuments

    stored = StoredDocuments(settings, store)
    answers = Answers(settings, stored, Renderer(settings, pool, stored), KeptPictures(settings, store))
    # As many as may wait. Each has a thread of the web process until its client has read the answer.
    slots = threading.BoundedSemaphore(render_threads(settings))

    @blueprint.get("/v1/images/<index>/<path:id>")
    def image(index: str, id: str) -> Response:
        start = time.perf_counter()
        left = _check_access(settings)
        if not slots.acquire(blocking=False):
            raise ImageError(Code.BUSY, "all workers are busy and the queue is full")
        try:
            response, how = answers.answer(index, id, left, held.shown().holds)
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

    @blueprint.after_request
    def protect(response: Response) -> Response:
        response.headers.update(_HEADERS)
        if response.status_code >= 400:
            response.headers["Cache-Control"] = "no-store"
        if response.status_code == 416 and "length" in g:
            response.headers["Content-Range"] = f"bytes */{g.length}"
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
        return YEAR
    return seconds_left(request.path, list(request.args.items(multi=True)), accepted)
