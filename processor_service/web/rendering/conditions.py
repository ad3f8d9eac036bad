"""What a client makes of its request a condition or a part of: `If-Match`, `If-None-Match`, `Range`, `If-Range`.

Werkzeug does most of it. What it does otherwise than RFC 9110 says is done here.
"""

from __future__ import annotations

import re

from flask import Response, g, request
from werkzeug.exceptions import RequestedRangeNotSatisfiable

from ...errors import Code, ImageError

# One part, by its bytes. What else a `Range` may say may be ignored (RFC 9110, section 14.2), and is.
_PART = re.compile("bytes=(?:([0-9]{1,18})-([0-9]{0,18})|-([0-9]{1,18}))")


def check_match(tag: str) -> None:
    """Raise ImageError `precondition_failed` when the client wants another picture than the one with this etag.

    Before anything else: a part of another picture would be put behind the beginning of the one that the client has.
    """
    # Werkzeug knows no `*` here, and looks only when no part is asked for.
    if request.if_match and not request.if_match.contains(tag):
        raise ImageError(Code.PRECONDITION_FAILED, "the picture is not the one that If-Match names")


def make_conditional(response: Response) -> None:
    """Answer with a part, or that nothing was modified: documents may not have said before what their picture is."""
    length = response.content_length or response.calculate_content_length() or 0
    environ = dict(request.environ)
    environ.pop("HTTP_IF_MATCH", None)
    part = _part(environ.pop("HTTP_RANGE", ""), length)
    # A weak tag does not promise the same bytes (section 13.1.5), and Werkzeug takes it for a strong one.
    if part and request.method != "HEAD" and not environ.get("HTTP_IF_RANGE", "").startswith("W/"):
        environ["HTTP_RANGE"] = part
    try:
        response.make_conditional(environ, accept_ranges=True, complete_length=length)
    except RequestedRangeNotSatisfiable as error:
        g.length = length
        raise ImageError(Code.RANGE_NOT_SATISFIABLE, f"the picture has {length} bytes") from error


def _part(said: str, length: int) -> str:
    """The part that is wanted of so many bytes, as a `Range`; empty when it is the whole picture."""
    found = _PART.fullmatch(said.strip())
    if found is None or (found[2] and int(found[2]) < int(found[1])):
        return ""
    if found[3] and int(found[3]) > length:
        # More of the end than there is: all of it (section 14.1.2).
        return "bytes=0-"
    return found[0]
