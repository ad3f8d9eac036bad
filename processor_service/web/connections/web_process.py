"""The web process under gunicorn, guarded against slow and silent clients, and against too many of them."""

from __future__ import annotations

import errno
import io
import time
from concurrent.futures import Future
from selectors import EVENT_READ
from typing import Any

import structlog

from ...errors import Code, ImageError
from .admission import PROBES
from .answer_socket import AnswerSocket
from .client_connection import ClientConnection
from .reading_loop import ReadingLoop, Threads

log = structlog.get_logger("processor_service")

_NO_MORE_FILES = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
# A rule of the system's (AppArmor, SELinux) forbids to take connections; the first one stays at the head of the queue.
_FORBIDDEN = (errno.EACCES, errno.EPERM)
# Errors of a listener. All others are those of one connection: it is gone, or its network is.
_LISTENER_IS_BAD = (errno.EBADF, errno.EINVAL, errno.ENOTSOCK)
# Connections to the port for probes; they do not count towards the limit on others.
_MOST_PROBES = 32
# The part of all places that is only for connections that have not shown a token yet, and how many at least.
_NEW, _LEAST_NEW = 8, 2


class WebProcess(ReadingLoop):
    """Gunicorn's worker with threads. Everything here except `handle` runs in the loop's thread."""

    def init_process(self) -> None:
        """Called by gunicorn; returns when the process should end."""
        self._probes = Threads(2, "probe")
        self._accepting: bool = False
        self._told_forbidden = False
        # When pictures are given up, in monotonic seconds; None until the process is told to stop.
        self._gives_up: float | None = None
        super().init_process()

    def murder_pending(self) -> None:
        """Called in each round of the loop: when this process was told to stop, give up pictures that are not finished.

        That happens before gunicorn's master ends the process. So their clients get an answer that says to retry, not a
        broken connection.
        """
        super().murder_pending()
        if not self.alive:
            now = time.monotonic()
            self._gives_up = self._gives_up or now + self.settings.picture_timeout
            if now >= self._gives_up and self.app.pool:
                self.app.pool.stop()

    def accept(self, listener: Any) -> None:
        """Take a connection. When all places are taken, drop the oldest one that has shown no token."""
        try:
            sock, client = listener.accept()
        except (OSError, MemoryError) as error:
            number = error.errno if isinstance(error, OSError) else errno.ENOMEM
            if number in _LISTENER_IS_BAD:
                raise
            if number in _FORBIDDEN:
                self._tell_forbidden(error)
            # The loop would be back at once.
            if number in _FORBIDDEN or (number in _NO_MORE_FILES and not self._evict()):
                time.sleep(0.05)
            return
        try:
            connection = ClientConnection(self.cfg, AnswerSocket.of(sock), client, listener.getsockname())
        except (OSError, MemoryError) as error:
            log.error("connection dropped", defect=type(error).__name__, exc_info=error)
            sock.close()
            return
        self.nr_conns += 1
        with self.alone(connection):
            self.listen(connection, self.settings.header_timeout)
        if len(self.reading.probes) > _MOST_PROBES:
            self.drop(next(iter(self.reading.probes)))
        while self.nr_conns >= self.worker_connections and self._evict(connection):
            pass

    def let_in(self, connection: ClientConnection) -> None:
        """Keep some places for connections that have not shown a token yet: whoever has it must be able to come.

        What holds a place for nothing gives way.
        """
        most = self.worker_connections - max(_LEAST_NEW, self.worker_connections // _NEW)
        while self.nr_conns - len(self.reading.strangers) - len(self.reading.probes) > most:
            if not self._evict_trusted(connection):
                return

    def set_accept_enabled(self, enabled: bool) -> None:
        """Accept connections or not. The listener for probes stays open when all places are taken."""
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

    def on_client_socket_readable(self, connection: ClientConnection, client: Any) -> None:
        """Called by gunicorn: the next request arrives on a connection that was kept."""
        if connection not in self.keepalived_conns:
            return
        self.poller.unregister(client)
        self.keepalived_conns.remove(connection)
        self.listen(connection, self.settings.header_timeout)

    def enqueue_req(self, connection: ClientConnection) -> None:
        """Hand a complete request to a thread. Probes have threads of their own."""
        connection.sock.begin_answer()
        threads = self._probes if connection.request.path in PROBES else self.tpool
        future = threads.submit(self.handle, connection)
        future.add_done_callback(lambda done: self.method_queue.defer(self.finish_request, connection, done))

    def finish_request(self, connection: ClientConnection, future: Future[Any]) -> None:
        """Keep the connection, or let the client read the answer and close it.

        Nothing may block here: all others would wait.
        """
        self.forget(connection)
        # Gunicorn's parser keeps the request as long as the connection is open.
        connection.request.body = io.BytesIO()
        connection.request = None
        if future.exception() or not future.result():
            self.linger(connection)
        elif connection.received:
            self.listen(connection, self.settings.header_timeout)
            self.advance(connection)
        else:
            super().finish_request(connection, future)

    def _tell_forbidden(self, error: Exception) -> None:
        """Say it once: nothing changes until somebody changes the rule."""
        if not self._told_forbidden:
            log.error("no connections", reason=f"a rule of the system forbids to take them: {error}")
        self._told_forbidden = True

    def _evict(self, newest: ClientConnection | None = None) -> bool:
        """Close the oldest connection that has shown no token, except the newest. False when there is none."""
        oldest = next((connection for connection in self.reading.strangers if connection is not newest), None)
        if oldest:
            self.drop(oldest)
        return oldest is not None

    def _evict_trusted(self, newest: ClientConnection) -> bool:
        """Take the place of a connection that has shown a token, except the newest. False when all are in work.

        First one whose request does not come, then one that waits for its next request, then the one whose request made
        no progress for the longest time.
        """
        stalled = self.reading.stalled(but=newest)
        if stalled is None and self._close_idle():
            return True
        last = stalled or next((other for other in self.reading.trusted if other is not newest), None)
        if last:
            reason = f"all of {self.worker_connections} connections are taken (IMAGE_CONNECTIONS)"
            self.refuse(last, ImageError(Code.BUSY, f"{reason}, and this one sent too little"))
        return last is not None

    def _close_idle(self) -> bool:
        """Close the connection that was idle for the longest time. False when there is none."""
        idle = next((each for each in self.keepalived_conns if not each.is_readable()), None)
        if idle:
            self.keepalived_conns.remove(idle)
            self.poller.unregister(idle.sock)
            self.nr_conns -= 1
            idle.close()
        return idle is not None
