"""The inference way as an OpenAI chat completion, for Elasticsearch 8.14 to 8.18 and for other clients.

The picture is in the last message of the user, and the model's name is the recipe (docs/inference-way.md).
"""

from __future__ import annotations

import time
from typing import Any

import orjson
from flask import Blueprint, Response
from werkzeug.exceptions import RequestEntityTooLarge

from ...errors import Code, ImageError
from ...nesting import check_nesting
from ...settings import Settings
from ...wire.data_url import is_data_url
from ...wire.inference_way import CHAT_PATH, RECIPE_KEYS
from ...wire.values import memory_of_values
from ..answering import Answering, retry_after
from ..bodies import MOST_VALUES, LongText, json_body
from ..monitoring.request_ids import log_refusal, request_id
from .completions import Completions, of_refusal, too_long

MODEL = "ingest-image"


def chat(settings: Settings, pictures: Answering) -> Blueprint:
    """`POST /v1/chat/completions`; the map for the document is the text in `choices[0].message.content`."""
    blueprint = Blueprint("chat", __name__)
    completions = Completions(settings, pictures)

    @blueprint.post(CHAT_PATH)
    def complete() -> Response:
        body = json_body()
        if body.get("stream"):
            raise ImageError(Code.INVALID_REQUEST, "there is nothing to stream: leave stream off")
        recipe = recipe_of(body.get("model"))
        source = _source(last_user_content(body.pop("messages", None)))
        if "url" in source:
            return _completion(completions.of_picture(source, recipe))
        # Nothing here may keep the picture in memory.
        return _completion(completions.of_data(source.pop("data"), recipe))

    @blueprint.errorhandler(RequestEntityTooLarge)
    def too_large(_: RequestEntityTooLarge) -> Response:
        return _completion(too_long(settings))

    @blueprint.errorhandler(LongText)
    def no_base64(error: LongText) -> Response:
        return _completion(of_refusal(error))

    @blueprint.errorhandler(ImageError)
    def refuse(error: ImageError) -> Response:
        log_refusal(error)
        # Such clients, including Elasticsearch, look for the reason in `message`.
        body = {"message": str(error), "type": "invalid_request_error", "param": None, "code": error.code.code}
        return Response(
            orjson.dumps({"error": body}), error.code.status, retry_after(error), mimetype="application/json"
        )

    return blueprint


def recipe_of(model: Any) -> dict[str, Any]:
    """The recipe in a model's name: JSON such as `{"operations": [...]}`, or `ingest-image` for none."""
    if model == MODEL:
        return {}
    if isinstance(model, str) and model.startswith("{"):
        # The bound on the body's values does not see these: as escapes (`\u007b`) they are a text without punctuation.
        if memory_of_values(model.encode()) > MOST_VALUES:
            raise ImageError(Code.INVALID_RECIPE, "the recipe in model has too many values")
        try:
            recipe = orjson.loads(model)
        except orjson.JSONDecodeError:
            recipe = None
        if isinstance(recipe, dict) and not recipe.keys() - set(RECIPE_KEYS):
            check_nesting(recipe, Code.INVALID_RECIPE)
            return recipe
    raise ImageError(
        Code.INVALID_RECIPE,
        f"model must be [{MODEL}], or a recipe as JSON text, an object with {', '.join(RECIPE_KEYS)}",
    )


def last_user_content(messages: Any) -> Any:
    """`content` of the last message of the user. Raises ImageError `invalid_request`."""
    found = [
        message.get("content")
        for message in (messages if isinstance(messages, list) else [])
        if isinstance(message, dict) and message.get("role") == "user"
    ]
    if not found:
        raise ImageError(Code.INVALID_REQUEST, "messages has no message of the role user, which carries the picture")
    return found[-1]


def _source(content: Any) -> dict[str, Any]:
    """The picture as `data` or as `url`. Raises ImageError `invalid_request`."""
    address = _address(content)
    if address is None:
        return {"data": content}
    return {"data" if is_data_url(address) else "url": address}


def _address(content: Any) -> str | None:
    """The address (or data URL) in the last part of type `image_url`, None when the content has no parts."""
    if not isinstance(content, list):
        return None
    parts = [part["image_url"] for part in content if isinstance(part, dict) and "image_url" in part]
    address = parts[-1].get("url") if parts and isinstance(parts[-1], dict) else None
    if not isinstance(address, str):
        raise ImageError(
            Code.INVALID_REQUEST, 'content has no part {"type": "image_url", "image_url": {"url": "data:image/..."}}'
        )
    return address


def _completion(text: str) -> Response:
    body = {
        "id": f"chatcmpl-{request_id()}",
        "object": "chat.completion",
        "created": int(time.time()),
        # Not the recipe, which may be long.
        "model": MODEL,
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
    }
    return Response(orjson.dumps(body), mimetype="application/json")
