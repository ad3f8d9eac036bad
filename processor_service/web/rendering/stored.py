"""Reads stored pictures from Elasticsearch."""

from __future__ import annotations

import re
from typing import Any

from elasticsearch import ApiError, BadRequestError, Elasticsearch, NotFoundError, TransportError

from ...errors import Code, ImageError
from ...settings import Settings
from .address import not_found

FIELD = "image"
_SECONDS = 10.0
_SHA256 = re.compile("[0-9a-f]{64}")


class Stored:
    """Reads documents; one client for all threads."""

    def __init__(self, settings: Settings) -> None:
        trust: dict[str, Any] = {"ca_certs": settings.elasticsearch_ca} if settings.elasticsearch_ca else {}
        self._client = Elasticsearch(
            settings.elasticsearch_url,
            api_key=settings.elasticsearch_api_key.get_secret_value() or None,
            request_timeout=_SECONDS,
            max_retries=1,
            **trust,
        )

    def sha256(self, index: str, id: str) -> str:
        """The SHA-256 of the only picture as the document has it; empty when it has none. The picture is not fetched.

        The pictures of a list cannot be told apart this way: elements without the field are left out of the answer.
        """
        image = self._image(index, id, f"{FIELD}.sha256")
        said = image.get("sha256") if isinstance(image, dict) else None
        return said if isinstance(said, str) and _SHA256.fullmatch(said) else ""

    def data(self, index: str, id: str, number: int) -> str:
        """The picture as base64. Raises ImageError `picture_not_found`, `elasticsearch_error`."""
        image = self._image(index, id, FIELD, f"{FIELD}.thumbnail")
        pictures = image if isinstance(image, list) else [image]
        picture = pictures[number] if number < len(pictures) else None
        data = picture.get("data") if isinstance(picture, dict) else picture
        if not isinstance(data, str) or not data:
            raise not_found()
        return data

    def _image(self, index: str, id: str, includes: str, excludes: str | None = None) -> Any:
        try:
            answer = self._client.get(index=index, id=id, source_includes=includes, source_excludes=excludes)
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
