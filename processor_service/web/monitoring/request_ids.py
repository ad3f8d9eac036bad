"""The id by which a request is found again: in its answer, in its refusal and in the log."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import structlog
from flask import Response, g, request

from ...errors import ImageError, causes

log = structlog.get_logger("processor_service")
_HEADER = "X-Request-Id"
_NOT_PRINTABLE = re.compile(r"[^\x21-\x7e]")
_LONGEST = 128
# How the body of every refusal begins (errors.py).
_ERROR = b'{"error":{'
# Anybody can cause these, so they must not fill the log.
_WITHOUT_A_TOKEN = (HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED)


def request_id() -> str:
    """The id of the request that is being answered: the same however often it is asked for."""
    if "request_id" not in g:
        g.request_id = id_from(request.headers.get("X-Opaque-Id", ""))
    found: str = g.request_id
    return found


def id_from(opaque_id: str) -> str:
    """The client's `X-Opaque-Id`, made harmless for logs and headers, or a new id."""
    return _NOT_PRINTABLE.sub("", opaque_id)[:_LONGEST] or uuid.uuid4().hex


def id_of_head(headers: Iterable[tuple[str, str]]) -> str:
    """The id of a request of which only the head was read."""
    return id_from(next((value for name, value in headers if name == "X-OPAQUE-ID"), ""))


def add_request_id(response: Response) -> Response:
    """Called by Flask for each answer: put the id into its head, and into the error that it may carry."""
    if not request.path.startswith("/v1/"):
        return response
    response.headers[_HEADER] = request_id()
    if response.status_code >= 400 and response.is_json and (body := response.get_data()).startswith(_ERROR):
        response.set_data(with_request_id(body, request_id()))
    return response


def with_request_id(body: bytes, id_: str) -> bytes:
    """The body of a refusal with `error.request_id`. The rest, which may hold a picture, is not parsed for that."""
    escaped = id_.replace("\\", "\\\\").replace('"', '\\"').encode()
    return _ERROR + b'"request_id":"' + escaped + b'",' + body.removeprefix(_ERROR)


def log_refusal(error: ImageError) -> None:
    """One line for a request that no worker answered, and what the refusal was raised from for those who debug."""
    level = "debug" if error.code.status in _WITHOUT_A_TOKEN else "info"
    getattr(log, level)("refused", request_id=request_id(), code=error.code.code, reason=error.reason)
    log_causes(error.code.code, causes(error))


def log_causes(code: str, found: Any) -> None:
    """What a refusal was raised from (`causes`), in a line for those who debug."""
    if found:
        log.debug("cause", request_id=request_id(), code=code, causes=found)
