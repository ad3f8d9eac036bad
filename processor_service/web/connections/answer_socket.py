"""A connection's socket that bounds how long a client takes to read its answers."""

from __future__ import annotations

import errno
import socket
import struct
import time
from typing import Any

# Seconds without any progress, and for a whole answer besides those for its bytes.
SEND_SECONDS = 30.0
# Bytes a second that a client has to read of an answer.
LEAST_RATE = 64 * 1024


class AnswerSocket(socket.socket):
    """Sends answers. A client that reads too slowly is given up, as if it had hung up: BrokenPipeError.

    Bytes count as read when the kernel has taken them, so a client may be behind by the kernel's buffer.
    """

    _sent, _waited = 0, 0.0

    @classmethod
    def of(cls, accepted: socket.socket) -> AnswerSocket:
        """The same connection, which `accepted` gives away. That still has it when this raises OSError."""
        microseconds = round(SEND_SECONDS * 1e6)
        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", *divmod(microseconds, 10**6)))
        made = cls(accepted.family, accepted.type, accepted.proto, accepted.fileno())
        accepted.detach()
        return made

    def begin_answer(self) -> None:
        """The next answer gets a full time, less the seconds by which the client is behind its rate."""
        self._waited = max(0.0, self._waited - self._sent / LEAST_RATE)
        self._sent = 0

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        """Send a part of the answer. Only the time in here counts, not that in which the answer is made."""
        with memoryview(data) as view:
            at = 0
            while at < len(view):
                start = time.monotonic()
                try:
                    # The kernel returns after SEND_SECONDS at the latest, with what it has sent until then.
                    sent = self.send(view[at:], flags)
                except BlockingIOError as error:
                    raise self._too_slow() from error
                at += sent
                self._sent += sent
                self._waited += time.monotonic() - start
                if at < len(view) and self._waited > SEND_SECONDS + self._sent / LEAST_RATE:
                    raise self._too_slow()

    def _too_slow(self) -> BrokenPipeError:
        # What the kernel still holds of the answer goes, too, when the connection is closed.
        self.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return BrokenPipeError(errno.EPIPE, "the client reads its answer too slowly")
