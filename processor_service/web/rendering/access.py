"""Who may look: clients with a signed address, which can be passed on, or with the bearer token."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Iterable, Sequence
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from ...errors import Code, ImageError
from ...settings import Settings


def keys(settings: Settings) -> list[str]:
    """The keys that signatures may be made with, the current one first: `IMAGE_RENDER_KEY`, or the tokens."""
    own = settings.render_key.get_secret_value()
    return [own] if own else settings.accepted_tokens()


def signed_url(url: str, key: str, expires: int) -> str:
    """The URL with `expires` (seconds since 1970) and `signature`; the order of parameters does not matter."""
    parts = urlsplit(url)
    given = parse_qsl(parts.query, keep_blank_values=True)
    pairs = [pair for pair in given if pair[0] not in ("expires", "signature")]
    pairs.append(("expires", str(expires)))
    pairs.append(("signature", _sign(key, unquote(parts.path), pairs)))
    return urlunsplit(parts._replace(query=urlencode(pairs), fragment=""))


def seconds_left(path: str, pairs: Sequence[tuple[str, str]], accepted: Iterable[str]) -> int:
    """Seconds for which a signed address is still valid. Raises ImageError `unauthorized` when it is not."""
    given = dict(pairs)
    covered = [pair for pair in pairs if pair[0] != "signature"]
    # Every key is compared, so that timing reveals nothing.
    signature = given["signature"].encode()
    matches = [hmac.compare_digest(signature, _sign(key, path, covered).encode()) for key in accepted]
    if not any(matches):
        raise ImageError(Code.UNAUTHORIZED, "the signature is wrong: it covers the path and every parameter")
    expires = given.get("expires", "")
    left = int(expires) - int(time.time()) if expires.isascii() and expires.isdigit() and len(expires) < 15 else 0
    if left <= 0:
        raise ImageError(Code.UNAUTHORIZED, "the signed address has expired")
    return left


def _sign(key: str, path: str, pairs: Sequence[tuple[str, str]]) -> str:
    # Decoded and written again: proxies and clients escape differently.
    message = f"{quote(path)}?{urlencode(sorted(pairs))}"
    return hmac.new(f"ingest-image url v1\n{key}".encode(), message.encode(), hashlib.sha256).hexdigest()
