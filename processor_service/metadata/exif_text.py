"""Decodes texts of EXIF that are not plain ASCII: UserComment, which names its encoding, and Windows' own tags."""

from __future__ import annotations

import codecs
import re

from .text import decoded

# CIPA DC-008 (Exif 2.32), UserComment: eight bytes say how the rest is encoded.
_CODE_LENGTH = 8
_MOST_BYTES = 200_000
# Not text: cameras fill the tag with bytes of their own.
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1f]")


def user_comment(data: bytes, order: str) -> str | None:
    """The text of a UserComment; None when it is not text. `order`: that of the EXIF's numbers, `<` or `>`."""
    code, text = data[:_CODE_LENGTH].rstrip(b"\0 ").upper(), data[_CODE_LENGTH:][:_MOST_BYTES]
    if code == b"UNICODE":
        return _unicode(text, order)
    if code == b"JIS":
        return _japanese(text.rstrip(b"\0"))
    if code not in (b"ASCII", b""):
        # A text without the eight bytes: not as specified, but in use.
        text = data[:_MOST_BYTES]
    text = text.strip(b"\0 ")
    return None if code != b"ASCII" and _BINARY.search(text) else decoded(text.partition(b"\0")[0])


def windows_text(data: bytes) -> str:
    """Text of the Windows Explorer: UTF-16, little-endian in any EXIF, up to a NUL."""
    return data[:_MOST_BYTES].decode("utf-16-le", "ignore").lstrip("\ufeff").partition("\0")[0]


def _unicode(data: bytes, order: str) -> str | None:
    """UTF-16 of either order: a mark shows it, otherwise the bytes do. Some software writes UTF-8 here."""
    if data.startswith(codecs.BOM_UTF8) or (b"\0" not in data.rstrip(b"\0") and _is_utf8(data.rstrip(b"\0"))):
        return data.rstrip(b"\0").decode("utf-8", "ignore").lstrip("\ufeff")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "ignore").partition("\0")[0]
    # The upper bytes of a text's characters have few values, the lower ones many.
    even, odd = len(set(data[::2])), len(set(data[1::2]))
    little = order == "<" if even == odd else odd < even
    return data.decode("utf-16-le" if little else "utf-16-be", "ignore").partition("\0")[0]


def _is_utf8(data: bytes) -> bool:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    # Chinese in UTF-16 can look like ASCII letters. Real text has words.
    return not text.isascii() or " " in text or len(text) % 2 == 1 or text.isalnum()


def _japanese(data: bytes) -> str:
    for encoding in ("iso2022_jp", "utf-8", "euc_jp", "cp932"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("cp932", "ignore")
