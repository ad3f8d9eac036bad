"""Data URLs (RFC 2397) as browsers, mail programs and scripts write them. The node reads the same (DataUrl.java)."""

from __future__ import annotations

import re

# ASCII white space, which the WHATWG's "forgiving base64" ignores.
WHITESPACE = " \t\n\f\r"
# Most characters before the comma. Parameters may hold a file's name, nothing longer.
_LONGEST_HEADER = 4096
# Browsers drop blanks and control characters at both ends of a URL, tabs and line breaks anywhere (WHATWG's URL
# standard, 4.4).
_EDGE = "".join(map(chr, range(0x21)))
_DROPPED = str.maketrans("", "", "\t\n\r")
_SCHEME = re.compile(r"[\x00-\x20]*" + r"[\t\n\r]*".join("data:"), re.IGNORECASE | re.ASCII)
_ESCAPED = re.compile(r"%([0-9a-fA-F]{2})")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)


def is_data_url(text: str) -> bool:
    """Whether the text begins like a data URL, in upper or lower case."""
    return _SCHEME.match(text) is not None


def base64_of(text: str) -> str | None:
    """The base64 text of a data URL without percent-encoding and fragment; None when the URL holds something else.

    `;base64` may be in upper or lower case, with blanks around it, before or after other parameters. A comma or
    semicolon within quotes belongs to the quoted parameter.
    """
    scheme = _SCHEME.match(text)
    comma = _comma(text, scheme.end()) if scheme else -1
    if scheme is None or comma < 0:
        return None
    _, *parameters = _QUOTED.sub("", text[scheme.end() : comma].translate(_DROPPED)).split(";")
    if not any(parameter.strip(WHITESPACE).lower() == "base64" for parameter in parameters):
        return None
    payload, fragment, _ = text[comma + 1 :].partition("#")
    if not fragment:
        payload = payload.rstrip(_EDGE)
    if "%" not in payload:
        return payload
    # Without what may stand within an escape.
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), payload.translate(_DROPPED))


def _comma(text: str, start: int) -> int:
    """Where the head ends: the position of the first comma outside quotes; -1 when there is none."""
    quoted = escaped = False
    for at in range(start, min(len(text), start + _LONGEST_HEADER)):
        char = text[at]
        if char in "\t\n\r":
            continue
        if escaped:
            escaped = False
        elif quoted and char == "\\":
            escaped = True
        elif char == '"':
            quoted = not quoted
        elif char == "," and not quoted:
            return at
    return -1
