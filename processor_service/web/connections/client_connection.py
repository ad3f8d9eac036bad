"""One connection of the web process: what was received on it, and the request that this makes.

Gunicorn reads from a socket in a thread, which waits for the client. Here its parser gets bytes that were already
received.
"""

from __future__ import annotations

import io
import select
import socket
from contextlib import suppress
from typing import Any

from gunicorn.http.body import ChunkedReader, LengthReader
from gunicorn.http.parser import RequestParser
from gunicorn.http.unreader import Unreader
from gunicorn.workers.gthread import TConn


class _Bytes(Unreader):  # type: ignore[misc]
    """What the parser reads from. It cuts slices; gunicorn's own copies the whole rest with each read."""

    def __init__(self) -> None:
        super().__init__()
        self._data, self._at = b"", 0

    def feed(self, data: bytes) -> None:
        """Hand over more bytes, when all earlier ones are read."""
        self._data, self._at = data, 0

    def read(self, size: int | None = None, read_ahead: int | None = None) -> bytes:
        end = len(self._data) if size is None else min(self._at + size, len(self._data))
        piece, self._at = self._data[self._at : end], end
        if self._at == len(self._data):
            # The thread has its copy, and the connection may stay open for a long time.
            self._data, self._at = b"", 0
        return piece

    def unread(self, data: bytes) -> None:
        self._data, self._at = bytes(data) + self._data[self._at :], 0


class _Parser(RequestParser):  # type: ignore[misc]
    """Returns the request whose head was read before."""

    def __init__(self, cfg: Any, client: Any) -> None:
        super().__init__(cfg, iter(()), client)
        self.unreader = _Bytes()
        self._parsed: Any = None

    def parse(self, head: bytes) -> Any:
        """Read a whole head. Raises gunicorn's errors."""
        self.unreader.feed(head)
        self._parsed = super().__next__()
        return self._parsed

    def __next__(self) -> Any:
        parsed, self._parsed = self._parsed, None
        return parsed


class Body:
    """A body of known length, received into the bytes that the application gets.

    Gunicorn's own would read it in pieces, and copy each of them several times.
    """

    def __init__(self, length: int) -> None:
        # Read whole, a BytesIO hands out the bytes it was made of. Nothing else holds them, so they are filled in
        # place. The system gives a large body its memory as it comes in (workers/memory.py, without_huge_pages).
        self._bytes = io.BytesIO(bytes(length))
        self._room = self._bytes.getbuffer()
        self.missing = length

    def add(self, data: memoryview) -> int:
        """Add bytes that came with the head; returns how many."""
        at = len(self._room) - self.missing
        self._room[at : at + len(data)] = data
        self.missing -= len(data)
        return len(data)

    def receive(self, sock: socket.socket, most: int) -> int:
        """Receive up to this many bytes; returns how many, 0 when the connection has ended. Raises OSError."""
        at = len(self._room) - self.missing
        got = sock.recv_into(self._room[at:], min(most, self.missing))
        self.missing -= got
        return got

    def taken(self) -> io.BytesIO:
        """The file for the application. Nothing may be received after that."""
        self._room.release()
        return self._bytes


class ClientConnection(TConn):  # type: ignore[misc]
    """A connection that the web process's loop reads from until a request is complete."""

    def __init__(self, cfg: Any, sock: Any, client: Any, server: Any) -> None:
        super().__init__(cfg, sock, client, server)
        self.parser = _Parser(cfg, client)
        # So gunicorn takes the request as read: it neither waits for it nor makes a parser.
        self.initialized = self.data_ready = True
        # Heads, and what comes behind a body that is not this request's.
        self.received = bytearray()
        self._body = Body(0)
        self.request: Any = None
        # Whether a request that was let in came over it; such a connection may stay open.
        self.trusted = False
        # Monotonic seconds at which the loop gives up.
        self.deadline = 0.0
        # Monotonic seconds at which the client last sent something that counts, and at which its body began.
        self.progress = self.began = 0.0
        # Bytes of the body; those that came, which count as held; those that are thrown away as they come in.
        self.length = self.holds = self.thrown_away = 0
        # Bytes at which the loop sees the socket as readable: what was set, so only `wake_for` changes it.
        self._wakes_for = 1
        # After the answer: bytes that are still read, so that the client sees the answer. Those of strangers together
        # are bounded.
        self.lingers: int | None = None
        self.lingers_as_stranger = False

    def take_head(self, most: int) -> bytes | None:
        """The head, removed from what was received; None while it is incomplete.

        Raises ValueError above `most` bytes.
        """
        end = self.received.find(b"\r\n\r\n", 0, most)
        if end < 0:
            if len(self.received) >= most:
                raise ValueError
            return None
        head = bytes(self.received[: end + 4])
        del self.received[: end + 4]
        return head

    def expect_body(self) -> int:
        """Make room for `length` bytes. What of them was received with the head is moved there; returns how many."""
        self._body = Body(self.length)
        with memoryview(self.received) as received, received[: self.length] as begun:
            came = self._body.add(begun)
        del self.received[:came]
        return came

    def forget_body(self) -> None:
        """Free the memory of a body that was received, or is not wanted any more."""
        self._body = Body(0)
        self.length = 0

    def receive(self, most: int) -> int:
        """Receive up to this many bytes; returns how many, 0 when the connection has ended. Raises OSError."""
        if self._body.missing:
            return self._body.receive(self.sock, most)
        data = self.sock.recv(most)
        self.received += data
        return len(data)

    def discard(self, most: int) -> int:
        """Receive up to this many bytes that nobody wants; returns how many, as `receive` does."""
        return len(self.sock.recv(most))

    def is_readable(self) -> bool:
        """Whether the loop would see something to read."""
        poller = select.poll()
        poller.register(self.sock, select.POLLIN)
        return bool(poller.poll(0))

    def body_is_complete(self) -> bool:
        """Whether the whole body was received; if so, the request gets it."""
        if self.thrown_away:
            came = min(len(self.received), self.thrown_away)
            del self.received[:came]
            self.thrown_away -= came
            return not self.thrown_away
        if self._body.missing:
            return False
        if self.length:
            self.request.body = self._body.taken()
        return True

    def missing(self) -> int:
        """Bytes of the body that are still missing."""
        return self.thrown_away or self._body.missing

    def to_come(self, most: int) -> int:
        """Bytes up to `most` that the client, which is refused, may still send of what it has announced."""
        if self.request is None or (announced := body_length(self.request)) is None:
            return most
        return min(self.missing() or announced, most)

    def wake_for(self, size: int) -> None:
        """Let the loop see the socket as readable only when this many bytes are there, or the connection has ended."""
        if size != self._wakes_for:
            # Without it the loop wakes up for each packet. So where a system does not have it, everything works, too.
            with suppress(OSError):
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, size)
            self._wakes_for = size


def body_length(request: Any) -> int | None:
    """Bytes of a request's body, None when it comes in chunks."""
    reader = request.body.reader
    if isinstance(reader, ChunkedReader):
        return None
    return int(reader.length) if isinstance(reader, LengthReader) else 0
