"""The keys that are derived from the shared token, one for each purpose. No key can be computed from another.

Each is HKDF-Extract of RFC 5869: HMAC-SHA256 of the token, keyed by a label. `Keys.java` does the same.
"""

from __future__ import annotations

import hashlib
import hmac

# By this prefix people, programs and secret scanners recognize an API token.
_API_PREFIX = "ingest-image-api-"


def transport_key(token: str) -> bytes:
    """The key with which nodes sign their requests."""
    return _derived("ingest-image transport v1", token)


def mark_key(token: str) -> bytes:
    """The key with which the service signs pictures. Without a token everybody knows it."""
    return _derived("ingest-image mark v2", token)


def first_mark_key(token: str) -> bytes:
    """The key of older marks, which contains the token.

    Such marks are valid until 0.2. Nothing is signed with this key.
    """
    return f"ingest-image mark v1\n{token}".encode()


def api_token(token: str) -> str:
    """The bearer token for clients that are not nodes.

    It cannot sign requests or make marks. An API token is returned as it is.
    """
    return token if is_api_token(token) else _API_PREFIX + _derived("ingest-image api v1", token).hex()


def is_api_token(text: str) -> bool:
    """Whether this is an API token rather than the shared token from which it is derived."""
    return text.startswith(_API_PREFIX)


def _derived(label: str, token: str) -> bytes:
    return hmac.digest(label.encode(), token.encode(), hashlib.sha256)
