"""The bodies of requests while they are received: on disk when they are large, and answered when the disk is full.

An error while waitress receives a body ends the connection without an answer. So the rest of such a body is thrown
away, and the application, which can answer, gets the error.
"""

from __future__ import annotations

import errno
import io
from contextlib import suppress

from flask import request
from waitress.buffers import OverflowableBuffer
from waitress.parser import HTTPRequestParser

# The error numbers of a disk that takes no more.
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)


class _Lost(io.BytesIO):
    """What the application reads from instead of a body that could not be kept."""

    def __init__(self, why: OSError) -> None:
        super().__init__()
        self.why = why


class RequestBody(OverflowableBuffer):  # type: ignore[misc]
    """A body. `lost`: the error for which it was thrown away."""

    def __init__(self, overflow: int) -> None:
        super().__init__(overflow)
        self.lost: OSError | None = None
        self._length = 0

    def __len__(self) -> int:
        # For a body in chunks it becomes the Content-Length.
        return self._length if self.lost else int(super().__len__())

    def append(self, data: bytes) -> None:
        self._length += len(data)
        if self.lost:
            return
        try:
            super().append(data)
        except OSError as error:
            self.lost = error
            # The disk is free again for others. What was not yet written fails once more.
            with suppress(OSError):
                self.close()
            self.buf, self.strbuf = None, b""

    def getfile(self) -> io.IOBase:
        found: io.IOBase = _Lost(self.lost) if self.lost else super().getfile()
        return found


class Parser(HTTPRequestParser):  # type: ignore[misc]
    """Receives a request."""

    def parse_header(self, header_plus: bytes) -> None:
        super().parse_header(header_plus)
        if self.body_rcv is not None:
            self.body_rcv.buf = RequestBody(self.adj.inbuf_overflow)


def check_body() -> None:
    """Raise the OSError for which the body of the current request was thrown away."""
    body = request.environ["wsgi.input"]
    if isinstance(body, _Lost):
        raise body.why
