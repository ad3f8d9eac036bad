"""Counts the bytes of bodies, pictures and answers in the web process. While they pile up, new ones are refused."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask, Response

from ..errors import Code, ImageError
from ..settings import Settings

_NAME = "held_bytes"
# Part of the limit for pictures that we fetch. Whoever serves them decides how long they take, and must not keep out
# pictures that nodes send.
_PART = 0.5


class HeldBytes:
    """`bytes`: all that is held. `most`: the limit (IMAGE_MAX_HELD_BYTES)."""

    def __init__(self, most: int) -> None:
        self.bytes = self._fetched = 0
        self._most = most
        self._lock = threading.Lock()

    @classmethod
    def of(cls, app: Flask) -> HeldBytes:
        """The counter of an application; the first call makes it. Its answers are counted until they are sent."""
        if _NAME not in app.extensions:
            settings: Settings = app.config["SETTINGS"]
            account = app.extensions[_NAME] = cls(settings.max_held_bytes)
            app.after_request(account._count)
        found: HeldBytes = app.extensions[_NAME]
        return found

    def change(self, by: int) -> None:
        """Count more bytes, or fewer."""
        with self._lock:
            self.bytes += by

    def has_room(self, size: int) -> bool:
        """Whether this many more bytes fit in. They always do when nothing else is held."""
        return not self.bytes or self.bytes + size <= self._most

    def full(self) -> ImageError:
        """The refusal of what does not fit."""
        return ImageError(
            Code.BUSY,
            f"{self.bytes} bytes of pictures are held already, at most {self._most} may be (IMAGE_MAX_HELD_BYTES)",
        )

    @contextmanager
    def picture(self) -> Iterator[HeldPicture]:
        """A picture that a request only names. It counts until the end of the block."""
        picture = HeldPicture(self)
        try:
            yield picture
        finally:
            picture.holds(0)

    def _fetch(self, more: int, has: int) -> None:
        with self._lock:
            fits = self._fetched + more <= self._most * _PART and self.bytes + more <= self._most
            # When no other is there, one is always taken.
            if more > 0 and self._fetched > has and not fits:
                raise self.full()
            self._fetched += more
            self.bytes += more

    def _count(self, response: Response) -> Response:
        size = response.calculate_content_length() or 0
        self.change(size)
        response.call_on_close(lambda: self.change(-size))
        return response


class HeldPicture:
    """One picture that is being fetched, or waits for a worker."""

    def __init__(self, account: HeldBytes) -> None:
        self._account, self._bytes = account, 0

    def holds(self, size: int) -> None:
        """Say how many bytes it takes by now. Raises ImageError `busy` when there is no room for more."""
        self._account._fetch(size - self._bytes, self._bytes)
        self._bytes = size
