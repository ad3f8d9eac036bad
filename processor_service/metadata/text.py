"""Decodes, cleans and bounds text from tags."""

from __future__ import annotations

import codecs
import unicodedata
from collections.abc import Iterable

MOST_CHARACTERS = 1000
# For a caption, which is searched to its end: about twenty pages.
MOST_OF_CAPTION = 50_000
_MOST_BYTES = 4 * MOST_OF_CAPTION
_MOST_WORDS, _MOST_WORD_CHARACTERS = 100, 100
# Control characters, surrogates and private characters; and invisible ones that change the direction of the text around
# them.
_UNWANTED = ("Cc", "Cs", "Co")
_DIRECTIONS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def decoded(data: bytes, otherwise: str = "cp1252") -> str:
    """Decodes up to 200,000 bytes of unknown encoding: UTF-8 (or UTF-16 with its mark), else `otherwise`."""
    data = data[:_MOST_BYTES]
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "ignore")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        # A character that is cut off at the end does not mean another encoding.
        if error.reason == "unexpected end of data" and not before.isascii():
            return before.decode("utf-8-sig")
        return data.decode(otherwise, "ignore")


def cleaned(text: str, most: int = MOST_CHARACTERS) -> str | None:
    """One line without control characters, of at most `most` characters; None when nothing is left."""
    spaced = "".join(
        " " if char.isspace() else char
        for char in text[: 4 * most]
        if char.isspace() or (unicodedata.category(char) not in _UNWANTED and char not in _DIRECTIONS)
    )
    return " ".join(spaced.split())[:most].rstrip() or None


def keywords(words: Iterable[str]) -> list[str]:
    """Cleaned words, each once in whatever case, a hundred at most."""
    found: dict[str, str] = {}
    for word in words:
        if (clean := cleaned(word, _MOST_WORD_CHARACTERS)) is not None:
            found.setdefault(clean.casefold(), clean)
        if len(found) == _MOST_WORDS:
            break
    return list(found.values())
