"""The one reason that helps, out of the nested errors of Elasticsearch. Never the document that they quote."""

from __future__ import annotations

from typing import Any

from elasticsearch import ApiError

_LONGEST = 500
# A node puts it before what another node said (docs/plugin.md, Errors of the node).
_TYPE = "image_exception: "


def reason_of(error: ApiError) -> str:
    """The innermost reason of a refused request."""
    body = error.body
    if not isinstance(body, dict):
        return str(body)[:_LONGEST]
    return reason_of_cause(body.get("error", body), error.message)


def reason_of_cause(cause: Any, unknown: str = "") -> str:
    """The innermost reason of an `error` object: of a request, a bulk item, a search of several, a simulated document.

    `unknown` is for an object that gives neither a reason nor a type.
    """
    if not isinstance(cause, dict):
        return str(cause)[:_LONGEST]
    # A search that fails only says "all shards failed" at the top.
    if (shards := cause.get("failed_shards")) and isinstance(shards[0].get("reason"), dict):
        cause = shards[0]["reason"]
    while isinstance(cause.get("caused_by"), dict) and cause["caused_by"].get("reason"):
        cause = cause["caused_by"]
    return str(cause.get("reason") or cause.get("type") or unknown).removeprefix(_TYPE)
