"""Requests that a node signed. The token itself is never sent (docs/wire.md).

A signature covers everything that matters in one request to one host. So whoever receives it can do nothing else with
it.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from ...errors import Code, ImageError
from ...origins import is_among, of_loopback, plain_origin
from ...settings import Settings
from .nonces import Nonces

SCHEME = "ingest-image"
_LABEL = "ingest-image request v1"
_FIELDS = re.compile(
    r"host=(?P<host>https?://[a-zA-Z0-9._:\[\]-]{1,300}), time=(?P<time>0|[1-9][0-9]{0,10}), "
    r"nonce=(?P<nonce>[0-9a-f]{32}), body=(?P<body>[0-9a-f]{64}), signature=(?P<signature>[0-9a-f]{64})"
)
# Requests that are remembered, in up to 40 MB.
_MOST_NONCES = 200_000


@dataclass(frozen=True)
class Signed:
    """What the `Authorization` header of a signed request says."""

    # The service's address as the node knows it: scheme, host, port.
    host: str
    # Seconds since 1970, of the node's clock.
    time: int
    nonce: str
    # SHA-256 of the body, in hex.
    body: str
    signature: str

    @classmethod
    def parse(cls, fields: str) -> Signed | None:
        """Read what follows the scheme; None when it has another form."""
        found = _FIELDS.fullmatch(fields)
        if found is None:
            return None
        return cls(found["host"], int(found["time"]), found["nonce"], found["body"], found["signature"])

    def key(self, keys: Sequence[bytes], method: str, target: str) -> bytes | None:
        """The key that signed this request for this method and target (path and query as sent); None when none did."""
        message = "\n".join((_LABEL, method, target, self.host, str(self.time), self.nonce, self.body)).encode()
        # Every key is compared, so that timing reveals nothing.
        matches = [
            key for key in keys if hmac.compare_digest(self.signature, hmac.digest(key, message, "sha256").hex())
        ]
        return matches[0] if matches else None

    def check_body(self, body: bytes) -> None:
        """Raise ImageError `body_changed` when another body was signed."""
        if not hmac.compare_digest(hashlib.sha256(body).hexdigest(), self.body):
            raise ImageError(
                Code.BODY_CHANGED,
                "the body is not the one that was signed: something between node and service changed it, or cut it off",
            )


class Freshness:
    """Whether a signed request is meant for this service, made now, and seen for the first time.

    For one thread. Only this process knows what it has seen. So it takes nothing that was signed before it started: the
    process before it may have seen that. The node signs again.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings, self._clock, self._monotonic = settings, clock, monotonic
        self._nonces = Nonces(_MOST_NONCES)
        # Signatures have whole seconds.
        self._started = int(clock())
        # What the process before it took is too old after this. A clock that is set back later must not matter longer.
        self._old_after = monotonic() + settings.clock_skew

    def check(self, signed: Signed, port: int) -> None:
        """Raise ImageError `wrong_host`, `clock_skew` or `replayed`. `port`: the port that received the request."""
        if not self._is_ours(signed.host, port):
            raise ImageError(
                Code.WRONG_HOST,
                f"the request was signed for {signed.host}, and this service is known as "
                f"{', '.join(self._settings.known_as or of_loopback(port))}; if that address leads here, add it to "
                "IMAGE_KNOWN_AS",
            )
        now, skew = self._clock(), self._settings.clock_skew
        if abs(now - signed.time) > skew:
            raise ImageError(
                Code.CLOCK_SKEW,
                f"the node signed the request at {_text(signed.time)}, and it is {_text(now)} here; they may be at "
                f"most {skew} s apart (IMAGE_CLOCK_SKEW): set the clocks of both, best by NTP",
            )
        if signed.time < self._started and self._monotonic() < self._old_after:
            raise ImageError(
                Code.REPLAYED,
                f"the node signed the request at {_text(signed.time)}, before this service started at "
                f"{_text(self._started)}, so it may have come before: sign it again; if that does not help, the node's "
                "clock is behind",
            )
        if not self._nonces.take(signed.nonce, signed.time, now - skew):
            raise ImageError(
                Code.REPLAYED, "this signed request came before: each is valid once; sign it again to send it again"
            )

    def _is_ours(self, origin: str, port: int) -> bool:
        wanted = plain_origin(origin)
        if self._settings.known_as:
            return is_among(wanted, self._settings.known_as)
        # Only this machine reaches loopback, and only by these names, except through a proxy. A proxy that ends TLS can
        # be recognized by the scheme; any other has to be named.
        return not self._settings.is_loopback() or wanted.startswith("https:") or wanted in of_loopback(port)


def _text(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
