"""Turns, mirrors and crops a stored picture, by one-off operations of its document."""

from __future__ import annotations

import re
from typing import Any

from elastic_transport import ConnectionTimeout
from elasticsearch import ApiError, AuthorizationException, ConflictError, Elasticsearch
from flask import Blueprint, abort, redirect, request
from werkzeug.wrappers import Response

from pipelines.cluster.index_pipelines import pipelines_of, settings_by_index
from pipelines.cluster.reasons import reason_of, reason_of_cause
from pipelines.cluster.sentences import diagnose
from pipelines.wording import capitalized

from ...search import Hit, UserError
from ..context import document_id, writable_context
from ..documents import current, update
from ..labels import VERSION, page_of
from ..page_query import PageQuery

blueprint = Blueprint("operating", __name__)
Operation = dict[str, dict[str, Any]]
TURNS: dict[str, Operation] = {
    "left": {"rotate": {"degrees": 270}},
    "right": {"rotate": {"degrees": 90}},
    "mirror": {"flip": {"direction": "horizontal"}},
    "flip": {"flip": {"direction": "vertical"}},
}
# One for each operation that is used here.
_EXAMPLES: list[Operation] = [TURNS["left"], TURNS["flip"], {"crop": {"aspect_ratio": "1:1"}}]
_NAMES = [name for example in _EXAMPLES for name in example]
# Percent of the sides that a crop leaves, at least.
_LEAST = 1.0
# Seconds for a pipeline to say what it allows; the page waits for it.
_HASTE = 5
_SIDES = ("left", "top", "right", "bottom")
# Which operation and which field a sentence is about is seen on the page.
_REFUSED = re.compile(
    r"\[(?:document_operations_disabled|operation_not_allowed)\] (?:operation \[\w+\]: )?(.*?)(?:; field .*)?"
)


@blueprint.post("/operate/<index>")
def operate(index: str) -> Response:
    """Apply the operation of the form to the picture that was seen."""
    here = writable_context()
    document = current(here, index, document_id())
    operation = wanted_operation()
    if why := refusals(here.client, document.hit).get(next(iter(operation))):
        raise UserError(why)
    if request.form.get("v") != (document.hit.first.sha256 or "")[:VERSION]:
        abort(409, "Somebody changed this picture meanwhile. Look at it first.")
    try:
        update(here.client, document, {"image": {"operations": [operation]}})
    except ConflictError:
        abort(409, "Somebody changed this document meanwhile. Look at it first.")
    except AuthorizationException:
        raise
    except ApiError as error:
        raise UserError(diagnose(reason_of(error))) from error
    return redirect(page_of(document.hit, PageQuery.of(request.args)), 303)


def wanted_operation() -> Operation:
    """The operation of the form. Raises UserError."""
    name = request.form.get("operation", "")
    if name in TURNS:
        return TURNS[name]
    if name != "crop":
        raise UserError(f"the operation must be one of {', '.join((*TURNS, 'crop'))}")
    # Percent that are cut away at each side.
    left, top, right, bottom = (_percent(side) for side in _SIDES)
    width, height = 100 - left - right, 100 - top - bottom
    if min(width, height) < _LEAST:
        raise UserError("this would leave nothing of the picture")
    if (width, height) == (100, 100):
        raise UserError("say how much is to be cut away")
    parts = {"left": left, "top": top, "width": width, "height": height}
    return {"crop": {name: round(value / 100, 6) for name, value in parts.items()} | {"unit": "fraction"}}


def _percent(side: str) -> float:
    value = request.form.get(side, 0.0, type=float)
    return min(max(0.0, value), 100.0) if value == value else 0.0


def refusals(client: Elasticsearch, hit: Hit) -> dict[str, str]:
    """Why operations cannot be applied to the picture of a document, by their names; those that can be are missing.

    The pipelines of the index are tried with operations and no picture. They are asked what they allow first, and then
    miss the picture, so the service is not called, and nothing here has to know the rules.
    """
    if len(hit.pictures) != 1 or not hit.first.sha256:
        return dict.fromkeys(_NAMES, "only the picture of a document with one, processed picture can be changed here")
    try:
        names = pipelines_of(settings_by_index(client, hit.index).get(hit.index, {}))
        answers = [_tried(client, name) for name in names]
    except (ApiError, ConnectionTimeout):
        # Nobody knows, as without the privileges to ask; the update will say.
        return {}
    found = {}
    for number, name in enumerate(_NAMES):
        reasons = [reason for answer in answers if (reason := answer[number])]
        refused = [match[1] for reason in reasons if (match := _REFUSED.fullmatch(reason))]
        if refused:
            found[name] = capitalized(refused[0])
        elif not reasons:
            found[name] = f"Nothing in the pipeline of the index {hit.index} changes pictures."
    return found


def _tried(client: Elasticsearch, pipeline: str) -> list[str]:
    """What the pipeline says to each operation without a picture; empty if it says nothing."""
    docs = [{"_source": {"image": {"operations": [example]}}} for example in _EXAMPLES]
    hasty = client.options(request_timeout=_HASTE, max_retries=0)
    answer = hasty.ingest.simulate(id=pipeline, docs=docs).body["docs"]
    return [reason_of_cause(one["error"]) if "error" in one else "" for one in answer]
