"""An HTTP connection to checked IP addresses, with one deadline for everything."""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ..addresses import Address

CONNECT_SECONDS = 3.0


class Deadline:
    """A point in time. `left()` raises TimeoutError after it."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds that are left."""
        seconds = self._end - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        return seconds


class _Received(io.RawIOBase):
    """What a socket receives. The socket's own timeout would start again with every byte that drips in."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock, self._deadline = sock, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._sock.settimeout(self._deadline.left())
        return self._sock.recv_into(buffer)


class _Stream:
    """The part of a socket's interface that http.client uses."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock, self._deadline = sock, deadline

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Received(self._sock, self._deadline))

    def sendall(self, data: bytes) -> None:
        self._sock.settimeout(self._deadline.left())
        self._sock.sendall(data)

    def close(self) -> None:
        """Does nothing: http.client would close the connection at the start of a response that is read to its end."""


@contextmanager
def get(
    address: Address, endpoints: Sequence[tuple[int, Any]], headers: dict[str, str], deadline: Deadline
) -> Iterator[http.client.HTTPResponse]:
    """Ask for `address` at one of the `endpoints` (family, socket address). They are IP addresses: no name is resolved.

    Raises TimeoutError when the deadline is over, OSError or http.client.HTTPException for everything else.
    """
    with _connected(endpoints, deadline) as plain, _secured(plain, address, deadline) as sock:
        connection = http.client.HTTPConnection(address.host, address.port)
        connection.sock = _Stream(sock, deadline)
        connection.request("GET", address.target, headers={"Host": address.authority, **headers})
        with connection.getresponse() as response:
            yield response


def _connected(endpoints: Sequence[tuple[int, Any]], deadline: Deadline) -> socket.socket:
    failure: OSError = ConnectionError("no address")
    for family, where in endpoints:
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.settimeout(min(CONNECT_SECONDS, deadline.left()))
            sock.connect(where)
            return sock
        except OSError as error:
            sock.close()
            failure = error
    deadline.left()
    # A server that does not answer counts as one that refuses.
    raise ConnectionError("no answer") if isinstance(failure, TimeoutError) else failure


def _secured(sock: socket.socket, address: Address, deadline: Deadline) -> socket.socket:
    if address.scheme == "http":
        return sock
    sock.settimeout(deadline.left())
    # The certificate is verified against the name in the URL, though the connection goes to an IP address.
    return ssl.create_default_context().wrap_socket(sock, server_hostname=address.host)
