"""Finds out who calls: a node, which signs its requests, or another client, which sends the API token."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field

import structlog
from flask import current_app, g, request

from ...errors import Code, ImageError
from ...keys import api_token, transport_key
from ...settings import Settings
from ...wire.inference_way import COMPLETION_PATH
from .signed_requests import SCHEME, Signed

log = structlog.get_logger("processor_service")


@dataclass(frozen=True)
class Caller:
    """A caller that was let in. `signed`: the signature, None when the request was not signed. `key`: what signed it.

    `has_token`: it sent the shared token itself, which works until 0.2. `has_api_token`: it sent the API token, which
    is for all clients but nodes.
    """

    signed: Signed | None = None
    key: bytes | None = field(default=None, repr=False)
    has_token: bool = False
    has_api_token: bool = False


class Access:
    """The tokens and keys of the settings, and who is let in with them."""

    def __init__(self, settings: Settings) -> None:
        self._tokens = settings.accepted_tokens()
        self._transport_keys = [transport_key(token) for token in self._tokens]
        self._api_tokens = [api_token(token) for token in self._tokens]

    def caller(self, authorization: str, method: str, target: str) -> Caller:
        """The caller that sends this Authorization header. Raises ImageError `unauthorized`.

        Everybody is let in when there is no token. `target`: path and query as they were sent.
        """
        if not self._tokens:
            return Caller()
        scheme, _, sent = authorization.partition(" ")
        if scheme.lower() == SCHEME:
            signed = Signed.parse(sent)
            if signed and (key := signed.key(self._transport_keys, method, target)):
                return Caller(signed, key)
        elif scheme.lower() == "bearer":
            caller = Caller(has_token=_is_among(sent, self._tokens), has_api_token=_is_among(sent, self._api_tokens))
            if caller != Caller():
                return caller
        raise unauthorized()


def check_caller() -> None:
    """Raise ImageError `unauthorized` when the caller of the current request may not make it.

    Whether a signed request is fresh was checked by its head (admission.py), before this body was read.
    """
    sent, target = request.headers.get("Authorization", ""), request.environ.get("RAW_URI", request.path)
    caller = current_app.config["ACCESS"].caller(sent, request.method, target)
    if caller.has_api_token and request.endpoint == "process":
        # There the service signs a picture as normalized because a node says that it is.
        raise ImageError(
            Code.UNAUTHORIZED,
            "this address is for nodes, which sign their requests; the API token is for all others, such as "
            f"{COMPLETION_PATH}",
        )
    if caller.has_token and not current_app.config.get("WARNED"):
        current_app.config["WARNED"] = True
        log.warning("token", reason="a client sent IMAGE_TOKEN itself, which 0.2 refuses: `ingest-image api-token`")
    g.signed, g.key = caller.signed, caller.key


def is_signed(authorization: str) -> bool:
    """Whether an Authorization header claims to be a signature, right or wrong."""
    return authorization.partition(" ")[0].lower() == SCHEME


def _is_among(sent: str, accepted: list[str]) -> bool:
    # Every accepted token is compared, so that timing reveals nothing.
    matches = [hmac.compare_digest(sent.encode(), token.encode()) for token in accepted]
    return any(matches)


def unauthorized() -> ImageError:
    """The refusal of a request without a valid signature or token."""
    return ImageError(
        Code.UNAUTHORIZED,
        "neither signature nor bearer token is valid; the node's ingest.image.token must equal the service's "
        "IMAGE_TOKEN, everybody else sends what `ingest-image api-token` prints",
    )
