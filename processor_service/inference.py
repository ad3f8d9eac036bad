"""What Elasticsearch's own `inference` processor asks through an endpoint of service `custom` (docs/inference-way.md).

The endpoint takes one string and gives one string. So the map for the document goes out as JSON text, and so does the
error of a picture that is at fault: the pipeline stores it. A status other than 200 is for what others have to mend.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import orjson
from flask import Blueprint, Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from .answering import Answering, request_id
from .errors import Code, ImageError
from .features import all_features
from .fields import copies
from .mark import mark
from .payload import decode_payload
from .recipe import recipe_hash
from .settings import Settings

RECIPE_KEYS = ("operations", "properties", "truncated")
# With `mark` when another token than the present one signed it, and with the vector when that was lacking.
UNCHANGED: dict[str, Any] = {"unchanged": True}
# How the pipeline writes the document's mark behind the picture: base64 has no `;` but in a data URL's beginning.
_MARK = ";mark="
# Behind the mark of a picture whose vector is not there: Elasticsearch hands documents out without (from 9.2 on).
_LACKING = ":lacking"
# Longer than Elasticsearch takes a document to be (100 MB); a request that is longer still is cut off.
_DRAINED = 128 * 1024 * 1024


class Completions:
    """The service as something that completes a text: a picture in, the JSON text of its fields out."""

    def __init__(self, settings: Settings, pictures: Answering) -> None:
        self._pictures = pictures
        self._max_bytes = settings.max_image_bytes
        # The one that signs, which without a token is the empty one, then what else is believed.
        signs = settings.token.get_secret_value()
        self._tokens = [signs, *(token for token in settings.accepted_tokens() if token != signs)]

    def of_data(self, text: Any, recipe: dict[str, Any], id_: str) -> str:
        """The text for a picture, perhaps with a mark. Raises ImageError when the picture is not at fault."""
        # One character is found at once in megabytes, several are not. Before a comma they begin a data URL.
        if isinstance(text, str) and text.startswith(_MARK, at := text.rfind(_MARK[0])) and "," not in text[at:]:
            sent, text = text[at + len(_MARK) :], text[:at]
            if unchanged := self._unchanged(text, sent.removesuffix(_LACKING), recipe):
                lacking = self._vector(text, recipe, id_) if sent.endswith(_LACKING) else {}
                return orjson.dumps(unchanged | lacking).decode()
        return self.of_picture({"data": text}, recipe, id_)

    def of_picture(self, source: dict[str, Any], recipe: dict[str, Any], id_: str) -> str:
        """The text for `data` or `url`. Raises ImageError when the picture is not at fault."""
        answer = self._pictures.answer(orjson.dumps({**source, **recipe}), id_)
        body = orjson.loads(answer.body)
        if "error" not in body:
            fields = {name: value for name, value in body["fields"].items() if value is not None}
            return orjson.dumps(fields).decode()
        error = ImageError(next(code for code in Code if code.code == body["error"]["code"]), body["error"]["reason"])
        if error.code.status not in (413, 422):
            raise error
        return of_error(error)

    def _vector(self, data: str, recipe: dict[str, Any], id_: str) -> dict[str, Any]:
        """What the recipe makes once for a document, of a picture that is normalized already."""
        made = {name: set(kind.only_first) - copies().keys() for name, kind in all_features().items()}
        wanted = [entry for entry in recipe.get("properties") or () if made.get(_name(entry))]
        request = {"data": data, "properties": wanted, "normalized": True}
        found = orjson.loads(self._pictures.answer(orjson.dumps(request), id_).body).get("fields") or {}
        names = {name for entry in wanted for name in made[_name(entry)]}
        return {name: found[name] for name in names if found.get(name) is not None}

    def _unchanged(self, data: str, sent: str, recipe: dict[str, Any]) -> dict[str, Any] | None:
        """The answer when we signed that this very picture came out of this recipe, with the mark of now."""
        try:
            sha256 = hashlib.sha256(decode_payload(data, self._max_bytes)).hexdigest()
        except ImageError:
            return None
        hashed = recipe_hash(recipe.get("operations"), recipe.get("properties"))
        present, *others = [mark(token, hashed, sha256) for token in self._tokens]
        if hmac.compare_digest(present.encode(), sent.encode()):
            return UNCHANGED
        # While tokens are rotated, each document that is written takes the new mark along, as with the plugin.
        known = [hmac.compare_digest(other.encode(), sent.encode()) for other in others]
        return UNCHANGED | {"mark": present} if any(known) else None


def _name(entry: Any) -> str:
    return entry if isinstance(entry, str) else next(iter(entry))


def of_error(error: ImageError) -> str:
    """The text that tells the pipeline to store the document with this error."""
    return orjson.dumps({"error": {"code": error.code.code, "reason": error.reason}}).decode()


def inference(settings: Settings, pictures: Answering) -> Blueprint:
    """`POST /v1/inference/completion`: `{"input": ..., "operations": ...}` becomes `{"result": "..."}`."""
    blueprint = Blueprint("inference", __name__)
    completions = Completions(settings, pictures)

    @blueprint.post("/v1/inference/completion")
    def completion() -> Response:
        body = json_body()
        if extra := body.keys() - {"input", *RECIPE_KEYS}:
            raise ImageError(Code.INVALID_REQUEST, f"unknown key [{min(extra)[:80]}]; valid: input, operations, ...")
        if "input" not in body:
            raise ImageError(Code.INVALID_REQUEST, "input is missing: the endpoint's request must have ${input}")
        return result(completions.of_data(body.pop("input"), body, request_id()))

    @blueprint.errorhandler(RequestEntityTooLarge)
    def too_large(_: RequestEntityTooLarge) -> Response:
        return result(of_error(too_many_bytes(settings)))

    return blueprint


def result(text: str) -> Response:
    """The answer that an endpoint with the path `$.result` understands."""
    return Response(orjson.dumps({"result": text}), mimetype="application/json")


def json_body() -> dict[str, Any]:
    """The request's JSON object. Raises ImageError `invalid_request`."""
    try:
        body = orjson.loads(request.get_data(cache=False))
    except orjson.JSONDecodeError:
        raise ImageError(Code.INVALID_REQUEST, "the body is not JSON") from None
    if not isinstance(body, dict):
        raise ImageError(Code.INVALID_REQUEST, "the body must be a JSON object")
    return body


def too_many_bytes(settings: Settings) -> ImageError:
    """The refusal of a body that is too long, once it has been read: who is still sending would not hear the answer."""
    left = _DRAINED
    while left > 0 and (chunk := request.environ["wsgi.input"].read(min(left, 64 * 1024))):
        left -= len(chunk)
    return ImageError(
        Code.IMAGE_TOO_LARGE, f"the picture has more than {settings.max_image_bytes} bytes (IMAGE_MAX_IMAGE_BYTES)"
    )
