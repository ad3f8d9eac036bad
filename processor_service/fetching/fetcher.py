"""Fetches a picture from its address, and cannot be led anywhere else (docs/addresses.md)."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any
from urllib.parse import urljoin

from ..addresses import Address, check_host, check_ip, parse_address
from ..errors import Code, ImageError, too_large
from ..settings import Settings
from .connection import Deadline, get

MOST_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_HEADERS = {
    "User-Agent": "ingest-image/0.1 (picture fetcher)",
    "Accept": "image/*",
    # Compression does not help pictures, but it would help bombs.
    "Accept-Encoding": "identity",
    "Connection": "close",
}
_CHUNK = 64 * 1024


class Fetcher:
    """Fetches pictures by the rules of the settings. Does not look at pixels: the decoder judges what arrived."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        # In threads, because the resolver has no timeout that we could set.
        self._resolver = ThreadPoolExecutor(settings.url_fetches, "resolver")

    def fetch(self, url: object, holds: Callable[[int], None] = lambda _: None) -> bytes:
        """The bytes at an address. `holds` is told how many there are by now.

        Raises ImageError `url_...`, `image_too_large`, `not_an_image`."""
        deadline = Deadline(self._settings.url_timeout)
        address = parse_address(url)
        try:
            for _ in range(MOST_REDIRECTS + 1):
                check_host(address, self._settings.url_hosts)
                with get(address, self._resolve(address, deadline), _HEADERS, deadline) as response:
                    location = response.headers.get("Location")
                    if response.status not in _REDIRECTS or not location:
                        return self._read(response, address, holds)
                    address = _redirected(address, location)
        except TimeoutError as error:
            reason = f"[{address.authority}] took longer than {self._settings.url_timeout:g} s (IMAGE_URL_TIMEOUT)"
            raise ImageError(Code.URL_TOO_SLOW, reason) from error
        except (OSError, http.client.HTTPException) as error:
            reason = f"[{address.authority}] cannot be reached or breaks off: {type(error).__name__}"
            raise ImageError(Code.URL_UNREACHABLE, reason) from error
        raise ImageError(Code.URL_NOT_FOUND, f"the address redirects more than {MOST_REDIRECTS} times")

    def _resolve(self, address: Address, deadline: Deadline) -> list[tuple[int, Any]]:
        """Resolve the host once. Refuse it when any of its addresses is not allowed."""
        lookup = self._resolver.submit(socket.getaddrinfo, address.host, address.port, type=socket.SOCK_STREAM)
        try:
            found = lookup.result(deadline.left())
        except FutureTimeout as error:
            lookup.cancel()
            raise TimeoutError from error
        for *_, where in found:
            check_ip(str(where[0]), self._settings.url_private_networks)
        return [(family, where) for family, *_, where in found]

    def _read(self, response: http.client.HTTPResponse, address: Address, holds: Callable[[int], None]) -> bytes:
        """The body of a successful answer. Raises ImageError for others."""
        if response.status != 200:
            later = response.status >= 500 or response.status in (408, 425, 429)
            code = Code.URL_UNREACHABLE if later else Code.URL_NOT_FOUND
            raise ImageError(code, f"[{address.authority}] answers with status {response.status}")
        encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
        if encoding != "identity":
            raise ImageError(
                Code.NOT_AN_IMAGE, f"[{address.authority}] sends a compressed answer, which is not accepted"
            )
        most = self._settings.max_image_bytes
        data = bytearray()
        # The server's word about the length is not trusted: received bytes are counted.
        while chunk := response.read(_CHUNK):
            data += chunk
            if len(data) > most:
                raise too_large(most)
            holds(len(data))
        if response.length:
            # Half a picture could pass for a truncated one, which some pipelines accept.
            raise ConnectionError("the answer ends early")
        return bytes(data)


def _redirected(address: Address, location: str) -> Address:
    try:
        target = parse_address(urljoin(address.url(), location))
    except ValueError as error:
        raise ImageError(Code.URL_NOT_ALLOWED, "the address redirects to what is not a valid URL") from error
    if address.scheme == "https" and target.scheme == "http":
        raise ImageError(Code.URL_NOT_ALLOWED, "the address redirects from https to http")
    return target
