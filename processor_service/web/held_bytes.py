"""Counts the bytes of bodies, pictures and answers in the web process. While they pile up, new ones are refused."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flask import Flask, Response, g

from ..errors import Code, ImageError
from ..settings import Settings

_NAME = "held_bytes"
# Parts of the limit for pictures that we fetch, and for those that we show. Whoever serves them or looks decides how
# long they take, and must not keep out pictures that nodes send.
_FETCHED, _SHOWN = 0.5, 0.25


@dataclass
class _Share:
    """A part of the limit: what is held of it by now, and at most."""

    most: float
    bytes: int = 0


class HeldBytes:
    """`bytes`: all that is held. `most`: the limit (IMAGE_MAX_HELD_BYTES)."""

    def __init__(self, most: int) -> None:
        self.bytes = 0
        self._most = most
        self._fetched, self._shown = _Share(most * _FETCHED), _Share(most * _SHOWN)
        self._lock = threading.Lock()

    @classmethod
    def of(cls, app: Flask) -> HeldBytes:
        """The counter of an application; the first call makes it. Its answers are counted until they are sent."""
        if _NAME not in app.extensions:
            settings: Settings = app.config["SETTINGS"]
            account = app.extensions[_NAME] = cls(settings.max_held_bytes)
            app.after_request(account._count)
            app.teardown_request(_release)
        found: HeldBytes = app.extensions[_NAME]
        return found

    def change(self, by: int) -> None:
        """Count more bytes, or fewer."""
        with self._lock:
            self.bytes += by

    @contextmanager
    def more(self, size: int) -> Iterator[None]:
        """Count bytes that are there already, until the end of the block."""
        self.change(size)
        try:
            yield
        finally:
            self.change(-size)

    def has_room(self, size: int, own: int = 0) -> bool:
        """Whether this many more bytes fit in. They always do when nothing is held but what is our `own`."""
        return self.bytes <= own or self.bytes + size <= self._most

    def full(self) -> ImageError:
        """The refusal of what does not fit."""
        return ImageError(
            Code.BUSY,
            f"{self.bytes} bytes of pictures are held already, at most {self._most} may be (IMAGE_MAX_HELD_BYTES)",
        )

    @contextmanager
    def picture(self) -> Iterator[HeldPicture]:
        """A picture that a request only names. It counts until the end of the block."""
        picture = HeldPicture(self, self._fetched)
        try:
            yield picture
        finally:
            picture.holds(0)

    def shown(self) -> HeldPicture:
        """The picture that the request at hand shows. It counts until the answer is sent."""
        picture = HeldPicture(self, self._shown)
        setattr(g, _NAME, picture)
        return picture

    def _take(self, part: _Share, more: int, has: int, refuses: bool = True) -> None:
        with self._lock:
            fits = part.bytes + more <= part.most and self.bytes + more <= self._most
            # When no other is there, one is always taken.
            if refuses and more > 0 and part.bytes > has and not fits:
                raise self.full()
            part.bytes += more
            self.bytes += more

    def _count(self, response: Response) -> Response:
        size = response.calculate_content_length()
        if (picture := g.pop(_NAME, None)) is None:
            sent = size or 0
            self.change(sent)
            response.call_on_close(lambda: self.change(-sent))
            return response
        # When a part is sent (None), the whole picture is held.
        if size is not None:
            picture.becomes(size)
        response.call_on_close(lambda: picture.holds(0))
        return response


class HeldPicture:
    """One picture that is being fetched, waits for a worker, or is shown: it counts in its part of the limit."""

    def __init__(self, account: HeldBytes, part: _Share) -> None:
        self._account, self._part, self._bytes = account, part, 0

    def holds(self, size: int) -> None:
        """Say how many bytes it takes by now. Raises ImageError `busy` when there is no room for more."""
        self._account._take(self._part, size - self._bytes, self._bytes)
        self._bytes = size

    def becomes(self, size: int) -> None:
        """Say how many bytes its answer takes, which is there by now, and not refused."""
        self._account._take(self._part, size - self._bytes, self._bytes, refuses=False)
        self._bytes = size


def _release(_: BaseException | None) -> None:
    """Count off the picture of a request that ends without an answer."""
    if (picture := g.pop(_NAME, None)) is not None:
        picture.holds(0)
