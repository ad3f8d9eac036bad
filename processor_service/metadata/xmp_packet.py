"""Turns an XMP packet of any encoding into bounded text that an XML parser accepts."""

from __future__ import annotations

import codecs
import re

# Most characters, and most parts (elements, attributes). Lightroom's edits of one picture have some hundred kilobytes.
_MOST_CHARACTERS = 8 * 1024 * 1024
_MOST_PARTS = 100_000
# Parsers put the namespace before the name of every element and attribute. A long one makes a packet thousands of times
# as large.
_LONG_NAMESPACE = re.compile(r"xmlns[^=<>]{0,100}=\s*(?:\"[^\"]{200}|'[^']{200})")
_DECLARATION = re.compile(r"<\?xml\s[^>]*\?>")
# What is not a character in XML 1.0 (2.2), also when written as a number.
_NO_CHARACTER = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_REFERENCE = re.compile(r"&#(?:x([0-9A-Fa-f]{1,8})|([0-9]{1,10}));")
_ENCODINGS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<", "utf-32-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)


def packet_text(data: bytes) -> str | None:
    """The XML of a packet without what surrounds it; None when there is none, or more than a picture needs."""
    if not data or len(data) > 4 * _MOST_CHARACTERS:
        return None
    text = _decoded(data)
    text = _DECLARATION.sub("", _NO_CHARACTER.sub("", text[text.find("<") : text.rfind(">") + 1]), count=1)
    parts = text.count("<") + text.count("=")
    if not text or len(text) > _MOST_CHARACTERS or parts > _MOST_PARTS or _LONG_NAMESPACE.search(text):
        return None
    return _REFERENCE.sub(_sound, text)


def _decoded(data: bytes) -> str:
    encoding = next((name for beginning, name in _ENCODINGS if data.startswith(beginning)), "utf-8")
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        # By its specification XMP is Unicode. Some software pasted its own encoding into it.
        return data.decode("cp1252" if encoding == "utf-8" else encoding, "ignore")


def _sound(reference: re.Match[str]) -> str:
    number = int(reference[1], 16) if reference[1] else int(reference[2])
    return "" if number > 0x10FFFF or _NO_CHARACTER.match(chr(number)) else reference[0]
