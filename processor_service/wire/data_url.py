"""Data URLs (RFC 2397) as browsers, mail programs and scripts write them. The node reads the same (DataUrl.java)."""

from __future__ import annotations

import re

# ASCII white space, which the WHATWG's "forgiving base64" ignores.
WHITESPACE = " \t\n\f\r"
# Most characters before the comma. Parameters may hold a file's name, nothing longer.
_LONGEST_HEADER = 4096
_SCHEME = "data:"
_ESCAPED = re.compile(r"%([0-9a-fA-F]{2})")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)


def is_data_url(text: str) -> bool:
    """Whether the text begins like a data URL: in upper or lower case, after any white space."""
    return text.lstrip(WHITESPACE)[: len(_SCHEME)].lower() == _SCHEME


def base64_of(text: str) -> str | None:
    """The base64 text of a data URL without percent-encoding and fragment; None when the URL holds something else.

    `;base64` may be in upper or lower case, with blanks around it, before or after other parameters. A comma or
    semicolon within quotes belongs to the quoted parameter.
    """
    start = len(text) - len(text.lstrip(WHITESPACE)) + len(_SCHEME)
    comma = _comma(text, start)
    if comma < 0:
        return None
    _, *parameters = _QUOTED.sub("", text[start:comma]).split(";")
    if not any(parameter.strip(WHITESPACE).lower() == "base64" for parameter in parameters):
        return None
    payload, _, _ = text[comma + 1 :].partition("#")
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), payload) if "%" in payload else payload


def _comma(text: str, start: int) -> int:
    """Where the head ends: the position of the first comma outside quotes; -1 when there is none."""
    quoted = escaped = False
    for at in range(start, min(len(text), start + _LONGEST_HEADER)):
        char = text[at]
        if escaped:
            escaped = False
        elif quoted and char == "\\":
            escaped = True
        elif char == '"':
            quoted = not quoted
        elif char == "," and not quoted:
            return at
    return -1
