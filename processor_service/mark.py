"""The mark: the service's signature that a picture was normalized by a recipe (docs/wire.md)."""

from __future__ import annotations

import hashlib
import hmac


def mark(token: str, recipe: str, sha256: str) -> str:
    """Signature over stored bytes: lower-case hex HMAC-SHA256 of `recipe:sha256`."""
    return _sign(token, f"{recipe}:{sha256}")


def source_mark(token: str, recipe: str, sha256: str) -> str:
    """Signature over source bytes, for pipelines whose `target_field` is another field."""
    return _sign(token, f"source:{recipe}:{sha256}")


def url_mark(token: str, recipe: str, url: str) -> str:
    """Signature over the address that the picture was fetched from; it takes the place of `source_mark`."""
    return _sign(token, f"url:{recipe}:{hashlib.sha256(url.encode()).hexdigest()}")


def _sign(token: str, message: str) -> str:
    key = f"ingest-image mark v1\n{token}".encode()
    return hmac.new(key, message.encode(), hashlib.sha256).hexdigest()
