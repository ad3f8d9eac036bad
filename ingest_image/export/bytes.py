"""The bytes of a stored picture: from its document, or from the store."""

from __future__ import annotations

import binascii
from functools import cached_property
from typing import TYPE_CHECKING

import pybase64

from pipelines.wording import shown
from processor_service.errors import ImageError

from ..search.questions.question import UserError
from ..search.stored.picture import DocumentPicture
from ..store.opened import opened

if TYPE_CHECKING:
    from processor_service.store.picture_store import PictureStore

# What a document must be asked for.
BYTES = ("image.data", "image.stored")


class PictureBytes:
    """Gets the bytes of pictures; the store is opened when the first of them is in it."""

    @cached_property
    def _store(self) -> PictureStore:
        return opened()

    def of(self, picture: DocumentPicture) -> bytes:
        """The bytes of a picture. Raises UserError if there are none, or they cannot be had."""
        data, stored = picture.raw.get("data"), picture.raw.get("stored")
        if isinstance(data, str) and data:
            try:
                return pybase64.b64decode(data)
            except (ValueError, binascii.Error) as error:
                raise UserError("what is stored is not base64: it was never processed") from error
        if not isinstance(stored, str):
            raise UserError(f"no picture is stored{f' ({shown(picture.error.code)})' if picture.error else ''}")
        try:
            return self._store.get(stored, None)
        except ImageError as error:
            raise UserError(str(error)) from error
