"""Gunicorn's worker with threads, guarded against slow and silent clients.

Gunicorn gives a thread to each connection and lets it wait for the client. Here the loop reads head and body, within
times and limits, and a thread gets a request that is complete: clients, however slow, hold no thread.
"""

from __future__ import annotations

import errno
import socket
import struct
import time
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from selectors import EVENT_READ
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

from ..errors import ImageError
from .admission import MOST_DISCARDED, PROBES, Admission, last_answer
from .held import HeldAnswers
from .received import Guest

# Bytes of one read, and those of one turn of the loop. Each wake-up costs: a body of 8 MB is to take few.
_FIRST_CHUNK, _CHUNK, _TURN = 64 * 1024, 1024**2, 8 * 1024**2
# After an answer that closes the connection, for the client to read it.
_LINGER_SECONDS = 10.0
# A client that does not read its answer.
_SEND_SECONDS = 30
_NO_MORE_FILES = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_LOOK = 0.5
# Connections to the port for probes, beyond the limit on others.
_MOST_PROBES = 32


class GuardedWorker(ThreadWorker):  # type: ignore[misc]
    """The web process under gunicorn. Everything here but `handle` runs in the one thread of the loop."""

    def init_process(self) -> None:
        """Called by gunicorn; returns when the process is to end."""
        self.settings = self.app.settings
        # From which the loop reads, oldest first.
        self.guests: dict[Guest, None] = {}
        self.admission = Admission(self.settings)
        self.held = 0
        self._next_look = 0.0
        self._probes = ThreadPoolExecutor(2, "probe")
        self._accepting: bool = False
        super().init_process()

    def accept(self, listener: Any) -> None:
        """Take a connection. When all places are taken, the oldest goes that has shown no token."""
        try:
            sock, client = listener.accept()
        except OSError as error:
            if error.errno in _NO_MORE_FILES:
                if not self._evict():
                    time.sleep(0.05)
            elif error.errno not in (errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED):
                raise
            return
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", _SEND_SECONDS, 0))
        self.nr_conns += 1
        guest = Guest(self.cfg, sock, client, listener.getsockname())
        self._listen(guest, self.settings.header_timeout)
        if self.admission.is_for_probes(guest):
            probes = [other for other in self.guests if self.admission.is_for_probes(other)]
            if len(probes) > _MOST_PROBES:
                self._drop(probes[0])
        while self.nr_conns >= self.worker_connections and self._evict(guest):
            pass

    def set_accept_enabled(self, enabled: bool) -> None:
        """The listener for probes stays open when all places are taken."""
        if enabled == self._accepting:
            return
        for listener in self.sockets:
            known = listener.fileno() in self.poller.get_map()
            wanted = enabled or (self.alive and listener.getsockname()[1] == self.settings.health_port)
            if wanted and not known:
                listener.setblocking(False)
                self.poller.register(listener, EVENT_READ, self.accept)
            elif known and not wanted:
                self.poller.unregister(listener)
        self._accepting = enabled

    def on_client_socket_readable(self, guest: Guest, client: Any) -> None:
        """The next request on a connection that was kept."""
        self.poller.unregister(client)
        self.keepalived_conns.remove(guest)
        self._listen(guest, self.settings.header_timeout)

    def enqueue_req(self, guest: Guest) -> None:
        """Hand a complete request to a thread: probes to threads of their own."""
        threads = self._probes if guest.request.path in PROBES else self.tpool
        future = threads.submit(self.handle, guest)
        future.add_done_callback(lambda done: self.method_queue.defer(self.finish_request, guest, done))

    def finish_request(self, guest: Guest, future: Future[Any]) -> None:
        """Keep the connection, or let the client read the answer first: not here, where all others would wait."""
        self.held -= guest.holds
        guest.holds, guest.request = 0, None
        if future.exception() or not future.result():
            self._linger(guest)
        elif guest.received:
            self._listen(guest, self.settings.header_timeout)
            self._advance(guest)
        else:
            super().finish_request(guest, future)

    def murder_pending(self) -> None:
        """Called in each round of the loop: give up on what takes too long."""
        if (now := time.monotonic()) < self._next_look:
            return
        self._next_look = now + _LOOK
        for guest in list(self.guests):
            silent = guest.request is None and not guest.received
            if guest.deadline <= now or (silent and not self.alive):
                self._drop(guest)

    def _listen(self, guest: Guest, seconds: float) -> None:
        guest.deadline = time.monotonic() + seconds
        if guest not in self.guests:
            guest.sock.setblocking(False)
            self.poller.register(guest.sock, EVENT_READ, partial(self._readable, guest))
            self.guests[guest] = None

    def _ignore(self, guest: Guest) -> None:
        if guest in self.guests:
            del self.guests[guest]
            self.poller.unregister(guest.sock)

    def _drop(self, guest: Guest) -> None:
        self._ignore(guest)
        self.held -= guest.holds
        guest.holds = 0
        self.nr_conns -= 1
        guest.close()

    def _evict(self, newest: Guest | None = None) -> bool:
        """Close the oldest connection that has shown no token, the newest apart. False when there is none."""
        silent = (guest for guest in self.guests if not guest.trusted and not self.admission.is_for_probes(guest))
        oldest = next((guest for guest in silent if guest is not newest), None)
        if oldest:
            self._drop(oldest)
        return oldest is not None

    def _readable(self, guest: Guest, _: Any) -> None:
        for _ in range(_TURN // _CHUNK):
            if not self._read(guest) or guest not in self.guests:
                return

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
            self._drop(guest)
        elif guest.lingers is None:
            guest.received += data
            self._advance(guest)
        return True

    def _advance(self, guest: Guest) -> None:
        """Do what can be done with what came so far."""
        try:
            if guest.request is None and not self._began(guest):
                return
        except ImageError as refusal:
            self._refuse(guest, refusal)
            return
        except StopIteration:
            self._drop(guest)
            return
        except Exception as error:
            # What gunicorn's parser refuses.
            self.handle_error(None, guest.sock, guest.client, error)
            self._linger(guest)
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
            self._listen(guest, self.settings.body_timeout)
            if guest.request._expected_100_continue:
                guest.request._expected_100_continue = False
                guest.sock.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        return True

    def _refuse(self, guest: Guest, error: ImageError) -> None:
        """Answer, and close: what the client still sends is nobody's."""
        try:
            guest.sock.send(last_answer(error))
        except OSError:
            self._drop(guest)
        else:
            self._linger(guest)

    def _linger(self, guest: Guest) -> None:
        """Close for writing, and read on for a while: closed at once, the client might see a reset, not the answer."""
        self.held -= guest.holds
        guest.holds, guest.lingers, guest.trusted, guest.request = 0, MOST_DISCARDED, False, None
        try:
            guest.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._drop(guest)
        else:
            self._listen(guest, _LINGER_SECONDS)
