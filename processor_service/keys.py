"""The keys that are derived from the shared token, one for each purpose: whoever learns one cannot make another.

Each is HKDF-Extract of RFC 5869, that is HMAC-SHA256 of the token, keyed by a label. `Keys.java` does the same.
"""

from __future__ import annotations

import hashlib
import hmac

# Tells an API token from the shared token, for people, programs and scanners for secrets.
_API_PREFIX = "ingest-image-api-"


def transport_key(token: str) -> bytes:
    """The key by which nodes sign their requests."""
    return _derived("ingest-image transport v1", token)


def mark_key(token: str) -> bytes:
    """The key by which the service signs pictures. Without a token it is known to everybody."""
    return _derived("ingest-image mark v2", token)


def first_mark_key(token: str) -> bytes:
    """The key of older marks, which has the token in it. They are believed until 0.2; nothing is signed with it."""
    return f"ingest-image mark v1\n{token}".encode()


def api_token(token: str) -> str:
    """The bearer token of whoever is no node: it cannot sign requests, nor make marks. An API token is its own."""
    return token if is_api_token(token) else _API_PREFIX + _derived("ingest-image api v1", token).hex()


def is_api_token(text: str) -> bool:
    """Whether this is an API token rather than the shared token from which it is derived."""
    return text.startswith(_API_PREFIX)


def _derived(label: str, token: str) -> bytes:
    return hmac.digest(label.encode(), token.encode(), hashlib.sha256)
