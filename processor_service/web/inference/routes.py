"""The route for Elasticsearch's own `inference` processor, by an endpoint of service `custom` (docs/inference-way.md).

The endpoint takes one string and gives one string. So the map for the document is sent as JSON text. The error of a
picture that is at fault is sent the same way, and the pipeline stores it. A status other than 200 means that somebody
else has to act.
"""

from __future__ import annotations

import orjson
from flask import Blueprint, Response
from werkzeug.exceptions import RequestEntityTooLarge

from ...errors import Code, ImageError
from ...settings import Settings
from ...wire.inference_way import COMPLETION_PATH, RECIPE_KEYS
from ..answering import Answering
from ..bodies import LongText, json_body
from .completions import Completions, of_refusal, too_long


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

    @blueprint.errorhandler(LongText)
    def no_base64(error: LongText) -> Response:
        return result(of_refusal(error))

    return blueprint


def result(text: str) -> Response:
    """The answer that an endpoint with the path `$.result` understands."""
    return Response(orjson.dumps({"result": text}), mimetype="application/json")
