"""Gunicorn's worker with threads, changed: its loop reads the requests.

Gunicorn gives each connection a thread, which waits for the client. Here the loop reads head and body, within time
limits and size limits, and a thread gets only complete requests. So slow clients hold no thread.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from selectors import EVENT_READ
from typing import Any

import structlog
from gunicorn.workers.gthread import ThreadWorker

from ...errors import ImageError, no_memory
from ..held_bytes import HeldBytes
from ..monitoring.request_ids import id_of_head
from .admission import Admission, last_answer, not_http
from .allowance import Allowance
from .client_connection import ClientConnection
from .readers import Readers

log = structlog.get_logger("processor_service")

# Bytes of one read, and of one turn of the loop. Each wake-up costs time: a body of 8 MB should take few.
_FIRST_CHUNK, _CHUNK, _TURN = 64 * 1024, 1024**2, 8 * 1024**2
# Time for the client to read an answer after which the connection is closed.
_LINGER_SECONDS = 10.0
_LOOK = 0.5
# Bytes of a body that are worth waking up for. Fewer are no progress, as long as more are missing (readers.py).
_WAKE = 128 * 1024


class Threads(ThreadPoolExecutor):
    """Threads. When the system gives no more of them, it goes on with those that it has."""

    def _adjust_thread_count(self) -> None:
        try:
            super()._adjust_thread_count()
        except RuntimeError:
            if not self._threads:
                raise


class ReadingLoop(ThreadWorker):  # type: ignore[misc]
    """Reads from connections, and calls `enqueue_req` when one has sent a whole request. All in the loop's thread.

    The bytes of a body count as held as they come in. When there is no room for more, a body that stalls is refused, or
    else the one that began last.
    """

    def init_process(self) -> None:
        """Called by gunicorn; returns when the process is to end."""
        self.settings = self.app.settings
        self.admission = Admission(self.settings)
        self.reading = Readers(self.admission.is_for_probes)
        # What a single stranger may send is always read. So whoever has a wrong token sees that.
        self._longest = self.settings.longest_request() + _FIRST_CHUNK
        self._strangers = Allowance(self._longest, _LINGER_SECONDS)
        self._next_look = self._next_sign = 0.0
        super().init_process()

    def get_thread_pool(self) -> ThreadPoolExecutor:
        """Called by gunicorn."""
        return Threads(self.cfg.threads)

    def notify(self) -> None:
        """Called in each round of the loop: tell gunicorn's master, by a file's time, that the loop goes on.

        Twice a second is enough; the master waits for a minute. Each time, it costs as much as reading a head.
        """
        if (now := time.monotonic()) >= self._next_sign:
            self._next_sign = now + _LOOK
            super().notify()

    def murder_pending(self) -> None:
        """Called in each round of the loop: drop connections that take too long."""
        if (now := time.monotonic()) < self._next_look:
            return
        self._next_look = now + _LOOK
        for connection in list(self.reading):
            silent = connection.request is None and not connection.received
            if connection.deadline <= now or (silent and not self.alive):
                self.drop(connection)

    def listen(self, connection: ClientConnection, seconds: float) -> None:
        """Read from a connection, for up to this many seconds."""
        connection.deadline = time.monotonic() + seconds
        if connection not in self.reading:
            connection.sock.setblocking(False)
            self.poller.register(connection.sock, EVENT_READ, partial(self._readable, connection))
        self.reading.put(connection)

    def let_in(self, connection: ClientConnection) -> None:
        """Called when a head has shown a token, before its body is read."""

    @property
    def _held(self) -> HeldBytes:
        return HeldBytes.of(self.wsgi)

    def _ignore(self, connection: ClientConnection) -> None:
        if connection in self.reading:
            self.reading.remove(connection)
            self.poller.unregister(connection.sock)

    def drop(self, connection: ClientConnection) -> None:
        """Close a connection from which the loop reads."""
        self._ignore(connection)
        self.forget(connection)
        self.nr_conns -= 1
        connection.close()

    def forget(self, connection: ClientConnection) -> None:
        """Count the body of a connection as held no more."""
        self._held.change(-connection.holds)
        connection.holds = 0
        connection.forget_body()

    def _readable(self, connection: ClientConnection, _: Any) -> None:
        if connection not in self.reading:
            # It had to give way to another one after the loop saw that something came.
            return
        with self.alone(connection):
            for _ in range(_TURN // _CHUNK):
                if not self._read(connection) or connection not in self.reading:
                    return

    @contextmanager
    def alone(self, connection: ClientConnection) -> Iterator[None]:
        """An error with one connection ends only that connection. An exception in the loop would end the process."""
        try:
            yield
        except MemoryError:
            connection.received = bytearray()
            self.refuse(connection, no_memory())
        except Exception as error:
            log.error("connection dropped", defect=type(error).__name__, exc_info=error)
            self.drop(connection)

    def _read(self, connection: ClientConnection) -> bool:
        """Read once, and go on as far as possible. False when there is nothing to read."""
        if connection.lingers is not None:
            return self._discard(connection, connection.lingers)
        # The next request is not read before this one is answered.
        most = _FIRST_CHUNK if connection.request is None else min(_CHUNK, connection.missing())
        if connection.length and not self._make_room(connection, most):
            return False
        try:
            received = connection.receive(most)
        except BlockingIOError:
            return False
        except OSError:
            received = 0
        if not received:
            self.drop(connection)
            return True
        if connection.length:
            self._count(connection, received)
        if connection.request is not None:
            self.reading.put(connection)
        self.advance(connection)
        return True

    def _discard(self, connection: ClientConnection, left: int) -> bool:
        """Read once what nobody wants, of up to `left` bytes. False when there is nothing to read."""
        try:
            received = connection.discard(min(_FIRST_CHUNK, left))
        except BlockingIOError:
            return False
        except OSError:
            received = 0
        connection.lingers = left - received
        paid = not connection.lingers_as_stranger or self._strangers.take(received)
        if not received or not connection.lingers or not paid:
            self.drop(connection)
        return True

    def _count(self, connection: ClientConnection, came: int) -> None:
        self._held.change(came)
        connection.holds += came

    def _make_room(self, connection: ClientConnection, size: int) -> bool:
        """Make room for more of a body. False when it was this one that had to give way."""
        while not self._held.has_room(size, connection.holds):
            if self._refuse_stalled(connection):
                continue
            # Those that began earlier have been sent for longer, and more of them has come.
            holding = (other for other in self.reading.trusted if other.holds)
            newest = max((connection, *holding), key=lambda other: other.began)
            self.refuse(newest, self._held.full())
            if newest is connection:
                return False
        return True

    def _refuse_stalled(self, for_: ClientConnection) -> bool:
        """Refuse a body that does not come, for another connection. False when there is none."""
        stalled = self.reading.stalled(but=for_, with_body=True)
        if stalled:
            self.refuse(stalled, self._held.full())
        return stalled is not None

    def _check_room(self, connection: ClientConnection, length: int) -> None:
        """Raise ImageError `busy` when there is no room for a body, also when those that do not come have given way."""
        while not self._held.has_room(length):
            if not self._refuse_stalled(connection):
                raise self._held.full()

    def _expect_body(self, connection: ClientConnection) -> None:
        """Make memory for a body. Raises MemoryError, also when those that do not come have given way."""
        while True:
            try:
                self._count(connection, connection.expect_body())
            except MemoryError:
                if not self._refuse_stalled(connection):
                    raise
            else:
                return

    def advance(self, connection: ClientConnection) -> None:
        """Go on as far as what was received allows."""
        with self.alone(connection):
            self._advance(connection)

    def _advance(self, connection: ClientConnection) -> None:
        try:
            if connection.request is None and not self._began(connection):
                return
        except ImageError as refusal:
            self.refuse(connection, refusal)
            return
        except StopIteration:
            self.drop(connection)
            return
        except MemoryError:
            raise
        except Exception as error:
            self.refuse(connection, not_http(error))
            return
        if connection.body_is_complete():
            connection.wake_for(1)
            self._ignore(connection)
            self.enqueue_req(connection)
        else:
            # Never for more than is missing: that would not come.
            connection.wake_for(min(connection.missing(), _WAKE))

    def _began(self, connection: ClientConnection) -> bool:
        """Whether the head is complete. Raises ImageError when the request is refused, and gunicorn's errors."""
        if not self.admission.admit(connection, partial(self._check_room, connection)):
            return False
        if connection.trusted:
            self.reading.put(connection)
            self.let_in(connection)
        connection.began = connection.progress
        if connection.length:
            self._expect_body(connection)
        if connection.missing():
            self.listen(connection, self.settings.body_timeout)
            if connection.request._expected_100_continue:
                connection.request._expected_100_continue = False
                connection.sock.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        return True

    def refuse(self, connection: ClientConnection, error: ImageError) -> None:
        """Answer, and close. What the client still sends of what it has announced is thrown away."""
        id_ = id_of_head(connection.request.headers if connection.request else ())
        # Strangers get here, too: they must not fill the log.
        log.debug("refused", request_id=id_, code=error.code.code, reason=error.reason)
        try:
            connection.sock.send(last_answer(error, id_))
        except OSError:
            self.drop(connection)
        else:
            self.linger(connection, connection.to_come(self._longest))

    def linger(self, connection: ClientConnection, to_come: int = 0) -> None:
        """Close for writing, and read on for a while: `to_come` bytes, and a few that nobody announced.

        Closed at once, the client might see a reset instead of the answer.
        """
        self.forget(connection)
        connection.lingers, connection.lingers_as_stranger = to_come + _FIRST_CHUNK, not connection.trusted
        connection.trusted, connection.request = False, None
        connection.received.clear()
        connection.wake_for(1)
        try:
            connection.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self.drop(connection)
        else:
            self.listen(connection, _LINGER_SECONDS)
