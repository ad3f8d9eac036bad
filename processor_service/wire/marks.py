"""The marks: the service's signatures that a picture was normalized by a recipe (docs/wire.md)."""

from __future__ import annotations

import hashlib
import hmac


def mark(key: bytes, recipe: str, stored: str) -> str:
    """Signature over stored bytes, given by their SHA-256 in hex: HMAC-SHA256, lower-case hex, keyed by `mark_key`."""
    return _sign(key, f"{recipe}:{stored}")


def kept_mark(key: bytes, recipe: str, stored: str, kept: str) -> str:
    """The same of bytes in the store, at the address `kept`: nobody can name another one beside it."""
    return _sign(key, f"stored:{recipe}:{stored}:{kept}")


def source_mark(key: bytes, recipe: str, source: str, stored: str) -> str:
    """Signature that the stored bytes were made from these source bytes, both given by their SHA-256."""
    return _sign(key, f"source:{recipe}:{source}:{stored}")


def url_mark(key: bytes, recipe: str, url: str, stored: str) -> str:
    """Signature that the stored bytes were made from what was at this address; it takes the place of `source_mark`."""
    return _sign(key, f"url:{recipe}:{hashlib.sha256(url.encode()).hexdigest()}:{stored}")


def original_mark(key: bytes, kept: str) -> str:
    """Signature that what is at the address `kept` of the store is the original of a picture."""
    return _sign(key, f"original:{kept}")


def thumbnail_mark(key: bytes, recipe: str, stored: str, thumbnail: bytes) -> str:
    """Signature that this thumbnail was made from the stored bytes."""
    return _sign(key, f"thumbnail:{recipe}:{stored}:{hashlib.sha256(thumbnail).hexdigest()}")


def _sign(key: bytes, message: str) -> str:
    return hmac.new(key, message.encode(), hashlib.sha256).hexdigest()
