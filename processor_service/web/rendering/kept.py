"""Shows pictures of the store as they are: the bytes, or an address at which the store itself gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, request

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

    def answer(self, key: str, left: int) -> tuple[Response, str]:
        """The picture at an address that a mark covers, and how it is answered.

        `left`: seconds for which whoever asks may look. Raises ImageError as the store does.
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
        return Response(self._store.get(key, self._most), mimetype=mime_type_of(key)), "stored"

    def _place(self, key: str) -> str:
        """Where a picture really is: `store clean` may have put it away a moment too early."""
        assert self._store is not None
        return self._store.head(key).key
