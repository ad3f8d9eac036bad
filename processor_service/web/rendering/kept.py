"""Shows pictures of the store as they are: the bytes, or an address at which the store itself gives them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from flask import Response, request

from ...fetching.by_address import COPIES
from ...settings import Settings
from ...store.addresses import mime_type_of
from .address import not_found

if TYPE_CHECKING:
    from ...store.picture_store import PictureStore

# Part of the time for which a signed address is valid in which it may be handed out again.
_FRESH = 2


class KeptPictures:
    """The pictures of the store as answers. `store` is None when there is none."""

    def __init__(self, settings: Settings, store: PictureStore | None) -> None:
        self._store, self._most, self._redirect = store, settings.most_stored_bytes, settings.store_redirect

    def answer(self, key: str, left: int, holds: Callable[[int], None]) -> tuple[Response, str]:
        """The picture at an address that a mark covers, and how it is answered.

        `left`: seconds for which whoever asks may look; `holds` is told how many bytes are held for it. Raises
        ImageError as the store does, and as `holds`.
        """
        if self._store is None:
            raise not_found()
        if request.method == "HEAD":
            # Not redirected: an address of the store is signed for GET alone.
            response = Response(mimetype=mime_type_of(key))
            response.content_length = self._store.head(key).size
            return response, "stored"
        if self._redirect and (url := self._store.signed_url(self._place(key), min(left, self._redirect))):
            response = Response(status=302, headers={"Location": url})
            # A redirect that is kept longer than its target is valid leads nowhere.
            response.headers["Cache-Control"] = f"private, max-age={min(left, self._redirect) // _FRESH}"
            return response, "redirected"
        # All of it, as its SHA-256 must be right before the first byte is sent.
        data = self._store.get(key, self._most, holds=lambda size: holds(COPIES * size))
        holds(len(data))
        return Response(data, mimetype=mime_type_of(key)), "stored"

    def _place(self, key: str) -> str:
        """Where a picture really is: `store clean` may have put it away a moment too early."""
        assert self._store is not None
        return self._store.head(key).key
