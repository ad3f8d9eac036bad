"""Recognizes markup (SVG, HTML, other XML) in any encoding, and with anything before its first element."""

from __future__ import annotations

import codecs
import re

# Byte order marks and their encodings. Without a mark, zeros between the first letters show the encoding.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_ZEROS = (
    (re.compile(rb"(?:[\t\n\r <]\x00\x00\x00){2,}|<\x00\x00\x00"), "utf-32-le"),
    (re.compile(rb"\x00\x00\x00[\t\n\r <]"), "utf-32-be"),
    (re.compile(rb"[\t\n\r <]\x00[^\x00]\x00"), "utf-16-le"),
    (re.compile(rb"\x00[\t\n\r <]\x00[^\x00]"), "utf-16-be"),
)
# How many bytes are examined: comments and entities before the first element may be long.
_MOST = 256 * 1024
_PROLOGUE = re.compile(r"(?:\s+|<!--.*?-->|<\?.*?\?>|<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>)*", re.DOTALL | re.IGNORECASE)
_ELEMENT = re.compile(r"<(?:[\w.-]+:)?([A-Za-z_][\w.-]*)[\s/>]")
_BEGINS = re.compile(r"\s*<(\?xml|!DOCTYPE|!--|[A-Za-z_][\w:.-]*[\s/>])", re.IGNORECASE)
# How every such text begins, in any encoding. All other bytes are sorted out at once.
_MAY_BE = re.compile(rb"[\s\x00\xef\xbb\xbf\xfe\xff]*<")
_HTML_DOCTYPE = re.compile(r"<!DOCTYPE\s+html", re.IGNORECASE)


def described_markup(data: bytes) -> str | None:
    """A clause that says what kind of markup the bytes are; None when they are not markup."""
    if not _MAY_BE.match(data):
        return None
    text = _text(data[:_MOST])
    if not _BEGINS.match(text):
        return None
    prologue = _PROLOGUE.match(text)
    element = _ELEMENT.match(text, prologue.end() if prologue else 0)
    if element and element[1].lower() == "svg":
        return "SVG is a drawing that may fetch and run things; send it as PNG"
    if (element and element[1].lower() == "html") or _HTML_DOCTYPE.search(text[:1024]):
        return "the bytes are a web page (HTML), not a picture; send the picture that is on it"
    # A comment without an end, or an SVG further on in a page.
    if "<svg" in text:
        return "SVG is a drawing that may fetch and run things; send it as PNG"
    return "the bytes are markup (HTML or XML), not a picture"


def wide_text(data: bytes) -> bytes:
    """A text with a byte order mark of UTF-16 or UTF-32 as UTF-8; empty for other bytes."""
    is_wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE))
    return _text(data[:_MOST]).encode("utf-8", "replace") if is_wide else b""


def _text(data: bytes) -> str:
    for mark, coding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(coding, "replace").lstrip("\ufeff")
    for zeros, coding in _ZEROS:
        if zeros.match(data):
            return data.decode(coding, "replace")
    return data.decode("utf-8", "replace")
