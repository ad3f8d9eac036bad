"""Reads stored pictures: from documents in Elasticsearch, or from the store that they name."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from elasticsearch import ApiError, BadRequestError, Elasticsearch, NotFoundError, TransportError

from ...errors import Code, ImageError
from ...fetching.by_address import COPIES
from ...settings import Settings
from ...store.addresses import sha256_of
from ...wire.payload import decode_payload
from ..stored_pictures import is_original, is_signed
from .address import RenderRequest, not_found

if TYPE_CHECKING:
    from ...store.picture_store import PictureStore

FIELD = "image"
_SECONDS = 10.0
_SHA256 = re.compile("[0-9a-f]{64}")
_SAID = ("sha256", "stored", "recipe", "mark")


@dataclass(frozen=True)
class Said:
    """What a document says of its only picture: its SHA-256, and where it is in the store. Empty: nothing."""

    sha256: str = ""
    key: str = ""


class StoredDocuments:
    """Reads documents; one client for all threads."""

    def __init__(self, settings: Settings, store: PictureStore | None) -> None:
        trust: dict[str, Any] = {"ca_certs": settings.elasticsearch_ca} if settings.elasticsearch_ca else {}
        self._client = Elasticsearch(
            list(settings.elasticsearch_url),
            api_key=settings.elasticsearch_api_key.get_secret_value() or None,
            request_timeout=_SECONDS,
            # Each node once, and the first one again.
            max_retries=len(settings.elasticsearch_url),
            retry_on_timeout=len(settings.elasticsearch_url) > 1,
            **trust,
        )
        self._store, self._keys = store, settings.accepted_mark_keys()
        self._most = settings.max_image_bytes
        self._shows_originals = settings.render_originals

    def of(self, index: str, id: str, wanted: RenderRequest) -> Said:
        """What the document says of the picture that is asked for. Raises ImageError `picture_not_found`."""
        if not wanted.original:
            return self._said(index, id, wanted.routing) if wanted.number == 0 else Said()
        if not self._shows_originals:
            raise not_found()
        return self._original(index, id, wanted)

    def _said(self, index: str, id: str, routing: str) -> Said:
        """What the document says, without fetching the picture.

        The pictures of a list cannot be told apart this way: elements without a field are left out of the answer.
        """
        image = self._image(index, id, routing, ",".join(f"{FIELD}.{name}" for name in _SAID))
        if not isinstance(image, dict):
            return Said()
        if key := self._key(image):
            # What is signed, whatever is beside it.
            return Said(sha256_of(key), key)
        said = image.get("sha256")
        return Said(said if isinstance(said, str) and _SHA256.fullmatch(said) else "")

    def _original(self, index: str, id: str, wanted: RenderRequest) -> Said:
        """The same of what came in, of one picture of a list. Raises ImageError `picture_not_found`."""
        image = self._image(index, id, wanted.routing, f"{FIELD}.original,{FIELD}.original_mark,{FIELD}.sha256")
        picture = _chosen(image, wanted.number)
        original = picture.get("original") if isinstance(picture, dict) else None
        key = original.get("stored") if isinstance(original, dict) else None
        mark = picture.get("original_mark") if isinstance(picture, dict) else None
        if self._store is None or not isinstance(key, str) or not isinstance(mark, str):
            raise not_found()
        try:
            if is_original(key, mark, self._keys):
                return Said(sha256_of(key), key)
        except ImageError as error:
            raise not_found() from error
        raise not_found()

    def picture(self, index: str, id: str, wanted: RenderRequest, holds: Callable[[int], None]) -> bytes:
        """The picture; `holds` is told how many bytes it takes.

        Raises ImageError `picture_not_found`, `elasticsearch_error`, and those of the store and of `holds`.
        """
        picture = _chosen(self._image(index, id, wanted.routing, FIELD, f"{FIELD}.thumbnail"), wanted.number)
        data = picture.get("data") if isinstance(picture, dict) else picture
        if isinstance(data, str) and data:
            holds(COPIES * len(data))
            return decode_payload(data, self._most)
        if isinstance(picture, dict) and (key := self._key(picture)):
            return self.kept(key, holds)
        raise not_found()

    def kept(self, key: str, holds: Callable[[int], None]) -> bytes:
        """A picture in the store, by an address that a mark covers; `holds` as above."""
        if self._store is None:
            raise not_found()
        return self._store.get(key, self._most, holds=lambda size: holds(COPIES * size))

    def _key(self, image: dict[str, Any]) -> str:
        """Where the picture is in the store; empty when it is not there, or when no mark says so.

        Otherwise, whoever can write a document could look at any picture in the store.
        """
        texts = [image.get(name) for name in ("stored", "recipe", "mark")]
        if self._store is None or not all(isinstance(text, str) for text in texts):
            return ""
        key, recipe, mark = map(str, texts)
        try:
            return key if is_signed(key, recipe, mark, self._keys) else ""
        except ImageError:
            return ""

    def _image(self, index: str, id: str, routing: str, includes: str, excludes: str | None = None) -> Any:
        fields: dict[str, Any] = {"source_includes": includes, "source_excludes": excludes}
        try:
            answer = self._client.get(index=index, id=id, routing=routing or None, **fields)
        except (NotFoundError, BadRequestError, RecursionError) as error:
            # Elasticsearch accepts documents that are nested too deeply for Python's parser.
            raise not_found() from error
        except ApiError as error:
            status = error.meta.status
            hint = "; may the key of IMAGE_ELASTICSEARCH_API_KEY read the index?" if status in (401, 403) else ""
            reason = f"Elasticsearch answers with status {status}{hint}"
            raise ImageError(Code.ELASTICSEARCH_ERROR, reason) from error
        except TransportError as error:
            # Its message may hold the address with a password.
            reason = f"Elasticsearch cannot be reached: {type(error).__name__}"
            raise ImageError(Code.ELASTICSEARCH_ERROR, reason) from error
        document = answer.body.get("_source") if isinstance(answer.body, dict) else None
        return document.get(FIELD) if isinstance(document, dict) else None


def _chosen(image: Any, number: int) -> Any:
    """The picture at a place of a list; a picture that is alone is the first."""
    pictures = image if isinstance(image, list) else [image]
    return pictures[number] if number < len(pictures) else None
