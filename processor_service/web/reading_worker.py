"""Gunicorn's worker with threads, in which the loop reads requests.

Gunicorn gives a thread to each connection and lets it wait for the client. Here the loop reads head and body, within
times and limits, and a thread gets a request that is complete: clients, however slow, hold no thread.
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

from ..errors import ImageError, no_memory
from .admission import MOST_DISCARDED, Admission, last_answer, not_http
from .held import HeldAnswers
from .received import Guest
from .request_ids import id_of_head

log = structlog.get_logger("processor_service")

# Bytes of one read, and those of one turn of the loop. Each wake-up costs: a body of 8 MB is to take few.
_FIRST_CHUNK, _CHUNK, _TURN = 64 * 1024, 1024**2, 8 * 1024**2
# After an answer that closes the connection, for the client to read it.
_LINGER_SECONDS = 10.0
_LOOK = 0.5


class Threads(ThreadPoolExecutor):
    """Goes on with the threads it has when the system gives it no other one."""

    def _adjust_thread_count(self) -> None:
        try:
            super()._adjust_thread_count()
        except RuntimeError:
            if not self._threads:
                raise


class ReadingWorker(ThreadWorker):  # type: ignore[misc]
    """Reads from guests until each has sent a whole request, and calls `enqueue_req` then. All in the loop's thread."""

    def init_process(self) -> None:
        """Called by gunicorn; returns when the process is to end."""
        self.settings = self.app.settings
        # From which the loop reads, oldest first.
        self.guests: dict[Guest, None] = {}
        self.admission = Admission(self.settings)
        # Bytes of bodies that are coming in or in work.
        self.held = 0
        self._next_look = 0.0
        super().init_process()

    def get_thread_pool(self) -> ThreadPoolExecutor:
        """Called by gunicorn."""
        return Threads(self.cfg.threads)

    def murder_pending(self) -> None:
        """Called in each round of the loop: give up on what takes too long."""
        if (now := time.monotonic()) < self._next_look:
            return
        self._next_look = now + _LOOK
        for guest in list(self.guests):
            silent = guest.request is None and not guest.received
            if guest.deadline <= now or (silent and not self.alive):
                self.drop(guest)

    def listen(self, guest: Guest, seconds: float) -> None:
        """Read from a guest, for so many seconds at most."""
        guest.deadline = time.monotonic() + seconds
        if guest not in self.guests:
            guest.sock.setblocking(False)
            self.poller.register(guest.sock, EVENT_READ, partial(self._readable, guest))
            self.guests[guest] = None

    def _ignore(self, guest: Guest) -> None:
        if guest in self.guests:
            del self.guests[guest]
            self.poller.unregister(guest.sock)

    def drop(self, guest: Guest) -> None:
        """Close a connection from which the loop reads."""
        self._ignore(guest)
        self.held -= guest.holds
        guest.holds = 0
        self.nr_conns -= 1
        guest.close()

    def _readable(self, guest: Guest, _: Any) -> None:
        with self._alone(guest):
            for _ in range(_TURN // _CHUNK):
                if not self._read(guest) or guest not in self.guests:
                    return

    @contextmanager
    def _alone(self, guest: Guest) -> Iterator[None]:
        """What goes wrong with one connection ends that one: an exception in the loop would end the process."""
        try:
            yield
        except MemoryError:
            guest.received = bytearray()
            self._refuse(guest, no_memory())
        except Exception as error:
            log.error("connection dropped", defect=type(error).__name__, exc_info=error)
            self.drop(guest)

    def _read(self, guest: Guest) -> bool:
        """Read once, and do what can be done then. False when nothing is there."""
        # Nothing of the next request is read before this one is answered.
        most = _FIRST_CHUNK if guest.request is None else min(_CHUNK, guest.missing())
        try:
            data = guest.sock.recv(most)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if guest.lingers is not None:
            guest.lingers -= len(data)
        if not data or (guest.lingers is not None and guest.lingers <= 0):
            self.drop(guest)
        elif guest.lingers is None:
            guest.received += data
            self.advance(guest)
        return True

    def advance(self, guest: Guest) -> None:
        """Do what can be done with what came so far."""
        with self._alone(guest):
            self._advance(guest)

    def _advance(self, guest: Guest) -> None:
        try:
            if guest.request is None and not self._began(guest):
                return
        except ImageError as refusal:
            self._refuse(guest, refusal)
            return
        except StopIteration:
            self.drop(guest)
            return
        except MemoryError:
            raise
        except Exception as error:
            self._refuse(guest, not_http(error))
            return
        if guest.body_is_complete():
            self._ignore(guest)
            self.enqueue_req(guest)

    def _began(self, guest: Guest) -> bool:
        """Whether the head is complete. Raises ImageError when the request is not wanted, and gunicorn's errors."""
        if not self.admission.admit(guest, self.held + HeldAnswers.of(self.wsgi).bytes):
            return False
        self.held += guest.holds
        if guest.missing():
            self.listen(guest, self.settings.body_timeout)
            if guest.request._expected_100_continue:
                guest.request._expected_100_continue = False
                guest.sock.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        return True

    def _refuse(self, guest: Guest, error: ImageError) -> None:
        """Answer, and close: what the client still sends is nobody's."""
        id_ = id_of_head(guest.request.headers if guest.request else ())
        # Strangers get here, too: they must not fill the log.
        log.debug("refused", request_id=id_, code=error.code.code, reason=error.reason)
        try:
            guest.sock.send(last_answer(error, id_))
        except OSError:
            self.drop(guest)
        else:
            self.linger(guest)

    def linger(self, guest: Guest) -> None:
        """Close for writing, and read on for a while: closed at once, the client might see a reset, not the answer."""
        self.held -= guest.holds
        guest.holds, guest.lingers, guest.trusted, guest.request = 0, MOST_DISCARDED, False, None
        try:
            guest.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self.drop(guest)
        else:
            self.listen(guest, _LINGER_SECONDS)
