"""Gets pictures that no document holds from the processor service, which has the keys of the store."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import quote

import requests

from processor_service.keys import api_token

from ...defaults import LARGEST_PICTURE
from ...search import Hit
from ..settings import GallerySettings

_SECONDS = 15.0
_PIECE = 256 * 1024


def kept_picture(settings: GallerySettings, hit: Hit, number: int, sha256: str, *, original: bool = False) -> bytes:
    """A picture of a document by its position, if it has this SHA-256; empty when the service does not give it.

    `original`: what came in, instead of what was made of it.
    """
    if not settings.service_url:
        return b""
    address = f"{settings.service_url.rstrip('/')}/v1/images/{quote(hit.index, safe='')}/{quote(hit.id, safe='')}"
    headers = {"Authorization": f"Bearer {api_token(settings.service_token)}"} if settings.service_token else {}
    data = bytearray()
    try:
        wanted: dict[str, Any] = {"n": number} | ({"original": 1} if original else {})
        wanted |= {"routing": hit.routing} if hit.routing else {}
        with requests.get(address, wanted, headers=headers, timeout=_SECONDS, stream=True) as answer:
            if not answer.ok:
                return b""
            for piece in answer.iter_content(_PIECE):
                data += piece
                if len(data) > LARGEST_PICTURE:
                    return b""
    except requests.RequestException:
        return b""
    return bytes(data) if hashlib.sha256(data).hexdigest() == sha256 else b""
