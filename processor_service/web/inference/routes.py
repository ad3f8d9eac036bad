"""The route for Elasticsearch's own `inference` processor, by an endpoint of service `custom` (docs/inference-way.md).

The endpoint takes one string and gives one string. So the map for the document is sent as JSON text. The error of a
picture that is at fault is sent the same way, and the pipeline stores it. A status other than 200 means that somebody
else has to act.
"""

from __future__ import annotations

from typing import Any

import orjson
from flask import Blueprint, Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from ... import errors
from ...errors import Code, ImageError
from ...settings import Settings
from ...wire.inference_way import COMPLETION_PATH, RECIPE_KEYS
from ...wire.values import memory_of_values
from ..answering import Answering, whole_body
from ..monitoring.request_ids import log_refusal
from .completions import Completions, of_error

# More than Elasticsearch's limit on a document (100 MB). The rest of a longer request is not read.
_DRAINED = 128 * 1024 * 1024
# Bytes in memory of all values but the picture, which this process parses itself: far more than any recipe has.
MOST_VALUES = 32 * 1024**2


def inference(settings: Settings, pictures: Answering) -> Blueprint:
    """`POST /v1/inference/completion`: `{"input": ..., "operations": ...}` becomes `{"result": "..."}`."""
    blueprint = Blueprint("inference", __name__)
    completions = Completions(settings, pictures)

    @blueprint.post(COMPLETION_PATH)
    def completion() -> Response:
        body = json_body()
        if extra := body.keys() - {"input", *RECIPE_KEYS}:
            raise ImageError(Code.INVALID_REQUEST, f"unknown key [{min(extra)[:80]}]; valid: input, operations, ...")
        if "input" not in body:
            raise ImageError(Code.INVALID_REQUEST, "input is missing: the endpoint's request must have ${input}")
        return result(completions.of_data(body.pop("input"), body))

    @blueprint.errorhandler(RequestEntityTooLarge)
    def too_large(_: RequestEntityTooLarge) -> Response:
        return result(too_long(settings))

    return blueprint


def result(text: str) -> Response:
    """The answer that an endpoint with the path `$.result` understands."""
    return Response(orjson.dumps({"result": text}), mimetype="application/json")


def json_body() -> dict[str, Any]:
    """The request's JSON object. Raises ImageError `invalid_request`."""
    text = whole_body()
    if memory_of_values(text) > MOST_VALUES:
        raise ImageError(
            Code.INVALID_REQUEST, "the body has too many values or too much punctuation; only base64 may be so long"
        )
    try:
        body = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise ImageError(Code.INVALID_REQUEST, "the body is not JSON") from error
    if not isinstance(body, dict):
        raise ImageError(Code.INVALID_REQUEST, "the body must be a JSON object")
    return body


def too_long(settings: Settings) -> str:
    """The text for a body that is too long: the pipeline stores the error.

    Reads the body first: a client that is still sending would miss the answer.
    """
    left = _DRAINED
    while left > 0 and (chunk := request.environ["wsgi.input"].read(min(left, 64 * 1024))):
        left -= len(chunk)
    refusal = errors.too_large(settings.max_image_bytes)
    log_refusal(refusal)
    return of_error(refusal)
