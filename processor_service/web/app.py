"""The web application: authenticates, checks limits, hands pictures to workers, answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import structlog
from flask import Flask, Response, current_app, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from ..document import failure
from ..errors import Code, ImageError, defect, no_memory, too_large
from ..formats.registry import extensions, readable
from ..settings import Settings
from ..store.opening import open_store
from ..wire.schema import catalogue
from ..workers.lack import identity_lack, lack
from ..workers.pools import Pools
from ..workers.protocol import Job
from .answering import Answering, add_retry_after, retry_after
from .bodies import whole_body
from .callers.authentication import Access, check_caller
from .callers.proofs import add_proof
from .held_bytes import HeldBytes
from .inference.chat import chat
from .inference.routes import inference
from .monitoring.metrics import Metrics
from .monitoring.request_ids import add_request_id, log_refusal, request_id
from .monitoring.spans import Spans
from .monitoring.traces import follow_traces
from .rendering.routes import NAME as RENDERING
from .rendering.routes import rendering
from .store_check import store_check

if TYPE_CHECKING:
    from ..store.picture_store import PictureStore

log = structlog.get_logger("processor_service")


def create_app(settings: Settings, pool: Pools, metrics: Metrics, spans: Spans | None = None) -> Flask:
    """The service's WSGI application. Raises StoreError when the store cannot be opened."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = settings.longest_request()
    app.config["SETTINGS"] = settings
    app.config["ACCESS"] = Access(settings)
    _answer_errors(app)
    follow_traces(app)
    app.before_request(_check_caller)
    held = HeldBytes.of(app)
    app.after_request(_drain)
    app.after_request(add_retry_after)
    # Flask calls the last one first: what counts or signs bytes sees the whole answer.
    app.after_request(add_proof)
    app.after_request(add_request_id)
    store = open_store(settings.store_url, settings.store_timeout) if settings.store_url else None
    app.register_blueprint(rendering(settings, pool, metrics, held, store))
    pictures = Answering(settings, pool, metrics, held, store, spans)
    app.register_blueprint(inference(settings, pictures))
    app.register_blueprint(chat(settings, pictures))
    app.register_blueprint(store_check(store))
    _tell_state(app, settings, pool, metrics, store)

    @app.post("/v1/process")
    def process() -> Response:
        return answered(Job.PROCESS)

    @app.post("/v1/embed")
    def embed() -> Response:
        return answered(Job.EMBED)

    def answered(job: Job) -> Response:
        answer = pictures.answer(whole_body(), job)
        return Response(answer.body, answer.summary["status"], mimetype="application/json")

    @app.get("/v1/operations")
    def operations() -> Response:
        return _json(catalogue(lack(settings), identity_lack(settings)))

    return app


def _answer_errors(app: Flask) -> None:
    app.register_error_handler(ImageError, _refuse)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(MemoryError, lambda _: _refuse(no_memory()))
    app.register_error_handler(Exception, _defect)


def _tell_state(app: Flask, settings: Settings, pool: Pools, metrics: Metrics, store: PictureStore | None) -> None:
    """What the service can do now: for nodes, the doctor, load balancers and Prometheus."""

    @app.get("/v1/limits")
    def limits() -> Response:
        # `extensions` tells programs that read a folder which files to send.
        more = {"extensions": sorted(extensions(readable(settings))), "store": store is not None}
        return _json({**settings.limits(), **pool.load(), **more})

    @app.get("/healthz")
    def healthz() -> Response:
        return _json({"status": "ok"})

    @app.get("/readyz")
    def readyz() -> Response:
        workers = pool.state()
        # Without the store, pictures that stay in their documents are processed: it does not count.
        state = "off" if store is None else "failing" if store.works is False else "on"
        body = {"status": workers, "recognition": pool.recognition(), "store": state}
        return _json(body, 200 if workers == "ready" else 503)

    @app.get("/metrics")
    def prometheus() -> Response:
        text, content_type = metrics.render()
        return Response(text, content_type=content_type)


def _check_caller() -> None:
    # Pictures on the fly may be asked for by a signed address instead (rendering/routes.py).
    if request.path.startswith("/v1/") and request.blueprint != RENDERING:
        check_caller()


def _drain(response: Response) -> Response:
    """Read, within the limit, what a refused client still sends.

    Otherwise it may see a broken pipe instead of the answer.
    """
    left = int(current_app.config["MAX_CONTENT_LENGTH"])
    while left > 0 and (chunk := request.environ["wsgi.input"].read(min(left, 64 * 1024))):
        left -= len(chunk)
    return response


def _json(body: object, status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, mimetype="application/json")


def _refuse(error: ImageError) -> Response:
    log_refusal(error)
    response = _json(failure(error), error.code.status)
    response.headers.update(retry_after(error))
    if error.code.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _http_error(error: HTTPException) -> Response:
    if isinstance(error, RequestEntityTooLarge):
        return _refuse(too_large(current_app.config["SETTINGS"].max_image_bytes))
    if error.code == 404:
        return _refuse(ImageError(Code.NOT_FOUND, "there is nothing here; pictures go to POST /v1/process"))
    if error.code == 405:
        return _refuse(ImageError(Code.METHOD_NOT_ALLOWED, f"{request.method} is not for this address"))
    return _refuse(ImageError(Code.INVALID_REQUEST, error.description or error.name))


def _defect(error: Exception) -> Response:
    log.error("defect", request_id=request_id(), defect=type(error).__name__, exc_info=error)
    return _refuse(defect(error))
