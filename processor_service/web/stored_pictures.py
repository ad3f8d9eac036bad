"""Takes pictures of documents out of the store, and puts new ones in before their documents are answered.

This happens in the web process: workers, which decode untrusted bytes, have no network, and no keys of the store.
"""

from __future__ import annotations

import hmac
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import orjson
import pybase64
import structlog

from ..errors import Code, ImageError
from ..fetching.by_address import COPIES
from ..nesting import check_nesting
from ..settings import Settings
from ..store.addresses import address_of, sha256_of
from ..store.refusals import off
from ..timing import Stopwatch
from ..wire.marks import kept_mark, original_mark
from ..workers.pools import most_pictures
from ..workers.worker import Answer

if TYPE_CHECKING:
    from ..store.picture_store import PictureStore

log = structlog.get_logger("processor_service")
# A request without a picture is about as long as its recipe; pictures of watermarks are its longest part.
_LONGEST = 1024 * 1024
_NAMED = b'"stored"'
# Quotes of a request that are looked at one by one. A recipe has some dozens.
_MOST_QUOTES = 2000


class StoredPictures:
    """The store as requests and answers see it; `store` is None when there is none."""

    def __init__(self, settings: Settings, store: PictureStore | None) -> None:
        self._store, self._keys = store, settings.accepted_mark_keys()
        self._most = settings.most_stored_bytes
        self._places = threading.BoundedSemaphore(places(settings) or 1)

    def completed(self, body: bytes, until: float | None, watch: Stopwatch, holds: Callable[[int], None]) -> bytes:
        """The request body with `data` in the place of `stored`; one that has none is returned unchanged.

        `holds` is told how many bytes the picture takes by now; it may raise ImageError `busy`.

        Raises ImageError: `store_off`, `invalid_request`, `stored_not_signed`, and what PictureStore.get raises.
        """
        request = _stored_request(body)
        if request is None:
            return body
        if self._store is None:
            raise off()
        check_nesting(request)
        key = self._key(request.pop("stored"))
        with self._place(), watch("read"):
            data = self._store.get(key, self._most, until, lambda size: holds(COPIES * size))
        completed = orjson.dumps({**request, "data": pybase64.b64encode_as_string(data)})
        holds(len(completed))
        return completed

    def kept(self, answer: Answer, until: float | None, watch: Stopwatch) -> Answer:
        """The answer for the client, after the pictures before it were put into the store, if there are any.

        Raises ImageError `store_unavailable`: then nothing of the answer is used.
        """
        deposits = answer.summary.pop("deposits", None)
        if deposits is None:
            return answer
        if self._store is None:
            raise off()
        rest = memoryview(answer.body)
        for format_name, length in deposits:
            picture, rest = rest[:length], rest[length:]
            # A worker decodes untrusted bytes: where they go is for us to say.
            key = address_of(picture, format_name)
            sha256_of(key)
            with self._place(), watch("store"):
                self._store.put(key, picture, until)
        return Answer(answer.summary, bytes(rest))

    @contextmanager
    def _place(self) -> Iterator[None]:
        """One of the threads that may wait for the store. Raises ImageError `busy` when all of them do."""
        if not self._places.acquire(blocking=False):
            raise ImageError(Code.BUSY, "the store is slow: too many pictures wait for it")
        try:
            yield
        finally:
            self._places.release()

    def _key(self, stored: Any) -> str:
        """The address that a document names, when its mark covers it."""
        said = stored if isinstance(stored, dict) else {}
        key, recipe, mark = said.get("key"), said.get("recipe"), said.get("mark")
        if not (isinstance(key, str) and isinstance(mark, str) and isinstance(recipe, str | None)):
            raise ImageError(
                Code.INVALID_REQUEST, "stored must be an object with key, mark and, unless it is an original, recipe"
            )
        signed = is_original(key, mark, self._keys) if recipe is None else is_signed(key, recipe, mark, self._keys)
        if not signed:
            raise ImageError(
                Code.STORED_NOT_SIGNED,
                "the mark beside it does not sign the key of a picture in the store: was the token changed without "
                "IMAGE_PREVIOUS_TOKEN?",
            )
        return key


def places(settings: Settings) -> int:
    """Most threads of the web process that wait for the store: one for each picture in work or waiting."""
    return most_pictures(settings) if settings.store_url else 0


def is_signed(key: str, recipe: str, mark: str, keys: Iterable[bytes]) -> bool:
    """Whether a mark of a recipe, by its hash, covers an address in the store.

    Raises ImageError `invalid_request` for a malformed address.
    """
    sha256 = sha256_of(key)
    return is_any(mark, (kept_mark(each, recipe, sha256, key) for each in keys))


def is_original(key: str, mark: str, keys: Iterable[bytes]) -> bool:
    """Whether a mark says that an original is at an address. Raises ImageError `invalid_request` as above."""
    sha256_of(key)
    return is_any(mark, (original_mark(each, key) for each in keys))


def is_any(mark: str, signatures: Iterable[str]) -> bool:
    """Whether a mark is one of these signatures. Every one is compared, so that timing reveals nothing."""
    same = [hmac.compare_digest(signature.encode(), mark.encode()) for signature in signatures]
    return any(same)


def _stored_request(body: bytes) -> dict[str, Any] | None:
    if len(body) > _LONGEST or not _is_named(body):
        return None
    try:
        request = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return request if isinstance(request, dict) and "stored" in request and "data" not in request else None


def _is_named(body: bytes) -> bool:
    """Whether `"stored"` stands in it, found from quote to quote: a picture has none, and is passed over at once.

    Searching all of it takes a millisecond for 0.7 MB, a quarter of what this process does for a picture.
    """
    at = body.find(b'"')
    for _ in range(_MOST_QUOTES):
        if at < 0 or body.startswith(_NAMED, at):
            return at >= 0
        at = body.find(b'"', at + 1)
    return at >= 0 and body.find(_NAMED, at) >= 0
