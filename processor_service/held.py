"""How many bytes of pictures the web process holds, whatever waits."""

from __future__ import annotations

import threading

from flask import Flask, Response, current_app, g, request

from .errors import Code, ImageError

# Where the body is JSON that is read and written again, there are several copies of it for a while.
_COPIES = {"inference": 3, "chat": 3}


class HeldBytes:
    """An account of request bodies, each from before it is read until it is answered, and of answers until sent."""

    def __init__(self, limit: int) -> None:
        self.bytes = 0
        self._limit = limit
        self._lock = threading.Lock()

    def guard(self, app: Flask) -> None:
        """Let an application refuse what there is no room for, before it is read. Call it after authentication's."""
        app.before_request(self._enter)
        app.after_request(self._answer)
        app.teardown_request(self._leave)

    def take(self, size: int) -> None:
        """Account for so many bytes. Raises ImageError `busy`; but alone, even a body beyond the limit has room."""
        with self._lock:
            if self.bytes and self.bytes + size > self._limit:
                raise ImageError(
                    Code.BUSY,
                    f"the service holds {self.bytes} bytes of pictures, and {size} more are beyond {self._limit} "
                    "(IMAGE_MAX_HELD_BYTES)",
                )
            self.bytes += size

    def _change(self, by: int) -> None:
        with self._lock:
            self.bytes += by

    def _enter(self) -> None:
        longest = int(current_app.config["MAX_CONTENT_LENGTH"])
        # Without a length the body comes in chunks, and may be as long as any.
        length = longest if "Transfer-Encoding" in request.headers else request.content_length or 0
        size = min(length, longest) * _COPIES.get(request.blueprint or "", 1)
        if size:
            self.take(size)
            g.held = size

    def _answer(self, response: Response) -> Response:
        size = response.calculate_content_length() or 0
        self._change(size)
        response.call_on_close(lambda: self._change(-size))
        return response

    def _leave(self, _: BaseException | None) -> None:
        self._change(-g.pop("held", 0))
