"""Proof that an answer is this service's, to one signed request (docs/wire.md).

Marks prove that of a picture. A refusal has no picture, and a result that is too long for the node is never read. Both
are final: without a proof, any program in the service's place could have pictures thrown away.
"""

from __future__ import annotations

import hashlib
import hmac
from http import HTTPStatus

from flask import Response, g

from .signed_requests import Signed

HEADER = "X-Image-Proof"
_LABEL = "ingest-image answer v1"


def add_proof(response: Response) -> Response:
    """Called by Flask for each answer: prove it, if the request was signed. The body must be complete."""
    if (signed := g.get("signed")) and (key := g.get("key")) and not response.is_streamed:
        response.headers[HEADER] = proof(key, signed, response.status_code, response.get_data())
    return response


def proof(key: bytes, signed: Signed, status: int, body: bytes) -> str:
    """The proof of an answer with this status and body, in hex. `key`: the one that signed the request."""
    # The node asks before it reads a result. Marks sign what is in it.
    what = str(len(body)) if status == HTTPStatus.OK else hashlib.sha256(body).hexdigest()
    message = "\n".join((_LABEL, signed.nonce, signed.body, str(status), what)).encode()
    return hmac.new(key, message, hashlib.sha256).hexdigest()
