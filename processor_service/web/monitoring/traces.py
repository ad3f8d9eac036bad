"""The trace that a request belongs to, by W3C's Trace Context: its lines in the log carry `trace_id`."""

from __future__ import annotations

import re

from flask import Flask, request
from structlog.contextvars import bind_contextvars, clear_contextvars

# Of other versions the beginning is the same (section 4.3 of the recommendation).
_TRACE_PARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")


def follow_traces(app: Flask) -> None:
    """Put the trace of each request into what is logged while it is answered."""
    app.before_request(_begin)
    app.teardown_request(lambda _: clear_contextvars())


def _begin() -> None:
    if found := trace_id(request.headers.get("traceparent", "")):
        bind_contextvars(trace_id=found)


def trace_id(trace_parent: str) -> str | None:
    """The id of the trace, 32 hex digits; None when the header is missing or wrong."""
    found = _TRACE_PARENT.fullmatch(trace_parent)
    return found[1] if found else None
