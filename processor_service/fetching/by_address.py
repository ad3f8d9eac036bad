"""A request that names a picture's address becomes one that carries the picture.

Done in the web process: the network is not to keep a worker waiting, and what speaks to strangers is not to
share a process with what decodes.
"""

from __future__ import annotations

import threading
from typing import Any

import orjson
import pybase64

from ..errors import Code, ImageError
from ..settings import Settings
from .fetcher import Fetcher

# A request without a picture is as long as its recipe, in which the pictures of watermarks are the longest.
_LONGEST = 1024 * 1024


class ByAddress:
    """Fetches pictures for requests, so many at a time."""

    def __init__(self, settings: Settings) -> None:
        self._on = bool(settings.url_hosts)
        self._fetcher = Fetcher(settings)
        self._most = settings.url_fetches
        self._slots = threading.BoundedSemaphore(settings.url_fetches)

    def completed(self, body: bytes) -> bytes:
        """The request body with `data`. One that has it, or is wrong, comes back as it is: a worker says so.

        Raises ImageError `url_...`, `busy`.
        """
        request = self._by_address(body)
        if request is None:
            return body
        if not self._slots.acquire(blocking=False):
            raise ImageError(Code.BUSY, f"{self._most} pictures are being fetched (IMAGE_URL_FETCHES)")
        try:
            data = self._fetcher.fetch(request["url"])
        finally:
            self._slots.release()
        return orjson.dumps({**request, "data": pybase64.b64encode_as_string(data)})

    def _by_address(self, body: bytes) -> dict[str, Any] | None:
        if not self._on or len(body) > _LONGEST:
            return None
        try:
            request = orjson.loads(body)
        except orjson.JSONDecodeError:
            return None
        by_address = isinstance(request, dict) and request.get("url") is not None and "data" not in request
        return request if by_address else None
