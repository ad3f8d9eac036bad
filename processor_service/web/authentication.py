"""Whether a request carries the token."""

from __future__ import annotations

import hmac
from collections.abc import Sequence

from ..errors import Code, ImageError


def bears_token(authorization: str, accepted: Sequence[str]) -> bool:
    """Whether an Authorization header has one of the accepted tokens; always when there are none."""
    scheme, _, sent = authorization.partition(" ")
    # Every accepted token is compared, so that the time tells nothing.
    matches = [hmac.compare_digest(sent.encode(), token.encode()) for token in accepted]
    return not accepted or (scheme.lower() == "bearer" and any(matches))


def unauthorized() -> ImageError:
    """The refusal of a request without it."""
    return ImageError(
        Code.UNAUTHORIZED,
        "the bearer token is missing or wrong; the node's ingest.image.token must equal the service's IMAGE_TOKEN",
    )
