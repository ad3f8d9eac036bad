"""Proof that an answer is this service's, to one signed request (docs/wire.md).

Marks prove that of a picture alone. Whoever is in between could answer with one of earlier, or change the fields beside
it. Refusals have no marks, and are final: any program in the service's place could have pictures thrown away.
"""

from __future__ import annotations

import hashlib
import hmac
from http import HTTPStatus

from flask import Response, g

from .signed_requests import Signed

HEADER = "X-Image-Proof"
_LABEL, _RESULT_LABEL = "ingest-image answer v1", "ingest-image answer v2"
_DATA = b'"data":"'
# Smaller pictures are hashed with the rest.
_LARGE = 16 * 1024


def add_proof(response: Response) -> Response:
    """Called by Flask for each answer: prove it, if the request was signed. The body must be complete."""
    if (signed := g.get("signed")) and (key := g.get("key")) and not response.is_streamed:
        response.headers[HEADER] = proof(key, signed, response.status_code, response.get_data())
    return response


def proof(key: bytes, signed: Signed, status: int, body: bytes) -> str:
    """The proof of an answer with this status and body, as the header has it. `key` signed the request."""
    if status != HTTPStatus.OK:
        return _sign(key, _LABEL, signed, status, hashlib.sha256(body).hexdigest())
    # The node may find the result too long to be read: it verifies length and hash first, then the body by its hash.
    # Never the length alone, as older services did: a node believes that until 0.2.
    start, end = _picture(body)
    digest = hashlib.sha256(body[:start])
    digest.update(body[end:])
    said = (f"{start}-{end}", digest.hexdigest())
    proved = _sign(key, _RESULT_LABEL, signed, status, str(len(body)), *said)
    return f"body={said[1]}, data={said[0]}, proof={proved}"


def _picture(body: bytes) -> tuple[int, int]:
    """Where the base64 of a large picture begins and ends in an answer; two zeros when there is none.

    The node compares it with its `sha256`. To hash it here once more would cost a hundredth of the time of a picture.
    """
    # Within a string, quotes are escaped: this is the key.
    start = body.find(_DATA) + len(_DATA)
    end = body.find(b'"', start)
    return (start, end) if start >= len(_DATA) and end - start >= _LARGE else (0, 0)


def _sign(key: bytes, label: str, signed: Signed, status: int, *what: str) -> str:
    message = "\n".join((label, signed.nonce, signed.body, str(int(status)), *what)).encode()
    return hmac.digest(key, message, "sha256").hex()
