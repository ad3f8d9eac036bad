"""Messages over a socket between the web process and a worker: the length in four bytes, then that many bytes.

A picture is received into the bytes that become its message. The connections of `multiprocessing` read it in pieces,
and copy each of them.
"""

from __future__ import annotations

import errno
import io
import os
import select
import socket
import struct

_LENGTH = struct.Struct("!I")


class Channel:
    """One end of a pair of sockets."""

    def __init__(self, end: socket.socket) -> None:
        self._socket = end

    def send(self, message: bytes) -> None:
        """Send a message. Raises OSError; BlockingIOError when the other side does not read in the socket's time."""
        head = _LENGTH.pack(len(message))
        sent = self._socket.sendmsg((head, message)) - len(head)
        with memoryview(message) as view:
            self._socket.sendall(view[sent:])

    def receive(self) -> bytes:
        """The next message. Raises EOFError when the other process has ended, and OSError as `send`."""
        (length,) = _LENGTH.unpack(self._read(_LENGTH.size))
        return self._read(length)

    def _read(self, length: int) -> bytes:
        # A BytesIO hands out the bytes it was made of. Nothing else holds them, so they are filled in place.
        buffer = io.BytesIO(bytes(length))
        with buffer.getbuffer() as room:
            at = 0
            while at < length:
                got = self._socket.recv_into(room[at:], 0, socket.MSG_WAITALL)
                if not got:
                    raise EOFError
                at += got
        return buffer.getvalue()

    def poll(self, seconds: float) -> bool:
        """Whether a message comes, or the other side ends, within this time. Raises OSError when this end is closed."""
        if (descriptor := self._socket.fileno()) < 0:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        poller = select.poll()
        poller.register(descriptor, select.POLLIN)
        return bool(poller.poll(1000 * seconds))

    def close(self) -> None:
        """Close this end."""
        self._socket.close()
