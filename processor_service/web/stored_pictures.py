"""Takes pictures of documents out of the store, and puts new ones in before their documents are answered.

This happens in the web process: workers, which decode untrusted bytes, have no network, and no keys of the store.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import orjson
import pybase64
import structlog

from ..errors import Code, ImageError
from ..settings import Settings
from ..store.addresses import address_of, sha256_of
from ..store.refusals import off
from ..timing import Stopwatch
from ..wire.marks import kept_mark
from ..workers.worker import Answer

if TYPE_CHECKING:
    from ..store.picture_store import PictureStore

log = structlog.get_logger("processor_service")
# A request without a picture is about as long as its recipe; pictures of watermarks are its longest part.
_LONGEST = 1024 * 1024
_NAMED = b'"stored"'


class StoredPictures:
    """The store as requests and answers see it; `store` is None when there is none."""

    def __init__(self, settings: Settings, store: PictureStore | None) -> None:
        self._store, self._keys = store, settings.accepted_mark_keys()
        self._most = settings.max_result_bytes

    def completed(self, body: bytes, until: float | None, watch: Stopwatch) -> bytes:
        """The request body with `data` in the place of `stored`; one that has none is returned unchanged.

        Raises ImageError: `store_off`, `invalid_request`, `stored_not_signed`, and what PictureStore.get raises.
        """
        request = _stored_request(body)
        if request is None:
            return body
        if self._store is None:
            raise off()
        key = self._key(request.pop("stored"))
        with watch("read"):
            data = self._store.get(key, self._most, until)
        return orjson.dumps({**request, "data": pybase64.b64encode_as_string(data)})

    def kept(self, answer: Answer, until: float | None, watch: Stopwatch) -> Answer:
        """The answer for the client, after its picture was put into the store, if it is one for the store.

        Raises ImageError `store_unavailable`: then nothing of the answer is used.
        """
        length = answer.summary.pop("deposit", None)
        if length is None:
            return answer
        if self._store is None:
            raise off()
        picture, rest = memoryview(answer.body)[:length], answer.body[length:]
        # A worker decodes untrusted bytes: where they go is for us to say.
        key = address_of(picture, answer.summary["format"])
        sha256_of(key)
        with watch("store"):
            self._store.put(key, picture, until)
        return Answer(answer.summary, rest)

    def _key(self, stored: Any) -> str:
        """The address that a document names, when its mark covers it."""
        texts = [stored.get(name) for name in ("key", "recipe", "mark")] if isinstance(stored, dict) else []
        if not texts or not all(isinstance(text, str) for text in texts):
            raise ImageError(Code.INVALID_REQUEST, "stored must be an object with key, recipe and mark")
        key, recipe, sent = map(str, texts)
        if not is_signed(key, recipe, sent, self._keys):
            raise ImageError(
                Code.STORED_NOT_SIGNED,
                "the mark beside it does not sign the key of a picture in the store: was the token changed without "
                "IMAGE_PREVIOUS_TOKEN?",
            )
        return key


def is_signed(key: str, recipe: str, mark: str, keys: Iterable[bytes]) -> bool:
    """Whether a mark of a recipe, by its hash, covers an address in the store.

    Raises ImageError `invalid_request` when it is none.
    """
    sha256 = sha256_of(key)
    known = [hmac.compare_digest(kept_mark(each, recipe, sha256, key).encode(), mark.encode()) for each in keys]
    return any(known)


def _stored_request(body: bytes) -> dict[str, Any] | None:
    if len(body) > _LONGEST or _NAMED not in body:
        return None
    try:
        request = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return request if isinstance(request, dict) and "stored" in request and "data" not in request else None
