"""The one reason that helps, out of the nested errors of Elasticsearch. Never the document that they quote."""

from __future__ import annotations

import re
from typing import Any

from elasticsearch import ApiError

_LONGEST = 500
# A node puts it before what another node said (docs/plugin.md, Errors of the node).
_TYPE = "image_exception: "
# What security says: the action, who wanted it, where, and which privileges have it in them.
_DENIED = re.compile(
    r"action \[(?P<action>\S+)\] is unauthorized for (?P<who>.+?)"
    r"(?: with (?:effective|assigned) roles \[.*?\])?(?: \(.*?\))?(?: on (?:restricted )?indices \[(?P<where>.*?)\])?"
    r", this action is granted by the (?P<kind>\w+) privileges \[(?P<granted>[^\]]*)\]",
    re.DOTALL,
)
MISSING_PRIVILEGE = "missing_privilege"


def reason_of(error: ApiError) -> str:
    """The innermost reason of a refused request."""
    body = error.body
    if not isinstance(body, dict):
        return str(body)[:_LONGEST]
    return reason_of_cause(body.get("error", body), error.message)


def reason_of_cause(cause: Any, unknown: str = "") -> str:
    """The innermost reason of an `error` object: of a request, a bulk item, a search of several, a simulated document.

    `unknown` is for an object that gives neither a reason nor a type. That a privilege is missing is a sentence of
    ours, which begins with a code.
    """
    if not isinstance(cause, dict):
        return str(cause)[:_LONGEST]
    # A search that fails only says "all shards failed" at the top.
    if (shards := cause.get("failed_shards")) and isinstance(shards[0].get("reason"), dict):
        cause = shards[0]["reason"]
    while isinstance(cause.get("caused_by"), dict) and cause["caused_by"].get("reason"):
        cause = cause["caused_by"]
    reason = str(cause.get("reason") or cause.get("type") or unknown).removeprefix(_TYPE)
    denied = _DENIED.search(reason)
    return _missing_privilege(denied) if denied else reason


def _missing_privilege(denied: re.Match[str]) -> str:
    granted = [name for name in denied["granted"].split(",") if name != "all"] or ["all"]
    one = "one of the" if len(granted) > 1 else "the"
    where = f" on {denied['where'].replace(',', ', ')}" if denied["where"] else ""
    return (
        f"[{MISSING_PRIVILEGE}] {denied['who']} may not do this: it takes {one} {denied['kind']} "
        f"privilege{'s' if len(granted) > 1 else ''} {', '.join(granted)}{where}, for the action {denied['action']}; "
        "docs/security.md has a role for each task"
    )
