"""Turns a request with a picture's address into one with the picture.

This happens in the web process: the network must not keep a worker waiting, and code that talks to unknown servers must
not share a process with decoders.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import orjson
import pybase64

from ..errors import Code, ImageError
from ..nesting import check_nesting
from ..settings import Settings
from ..timing import Stopwatch
from .fetcher import Fetcher

# A request without a picture is about as long as its recipe; pictures of watermarks are its longest part.
_LONGEST = 1024 * 1024
# Until the request is complete, a picture is in memory as bytes and as base64.
COPIES = 2


class ByAddress:
    """Fetches pictures for requests, up to `url_fetches` at a time."""

    def __init__(self, settings: Settings) -> None:
        self._on = bool(settings.url_hosts)
        self._fetcher = Fetcher(settings)
        self._most = settings.url_fetches
        self._slots = threading.BoundedSemaphore(settings.url_fetches)

    def completed(self, body: bytes, watch: Stopwatch, holds: Callable[[int], None]) -> bytes:
        """The request body with `data`. One that has it, or that is wrong, is returned unchanged: a worker refuses it.

        `holds` is told how many bytes the picture takes by now; it may raise ImageError `busy`.

        Raises ImageError `url_...`, `busy`, `invalid_request`.
        """
        request = self._by_address(body)
        if request is None:
            return body
        if not self._slots.acquire(blocking=False):
            raise ImageError(Code.BUSY, f"{self._most} pictures are being fetched (IMAGE_URL_FETCHES)")
        try:
            with watch("fetch"):
                data = self._fetcher.fetch(request["url"], lambda size: holds(COPIES * size))
        finally:
            self._slots.release()
        completed = orjson.dumps({**request, "data": pybase64.b64encode_as_string(data)})
        holds(len(completed))
        return completed

    def _by_address(self, body: bytes) -> dict[str, Any] | None:
        if not self._on or len(body) > _LONGEST:
            return None
        try:
            request = orjson.loads(body)
        except orjson.JSONDecodeError:
            return None
        by_address = (
            isinstance(request, dict) and request.get("url") is not None and not request.keys() & {"data", "stored"}
        )
        if not by_address:
            return None
        check_nesting(request)
        return dict(request)
