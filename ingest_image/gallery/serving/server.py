"""The web server of the gallery: waitress, with a bounded number of threads, connections and uploads.

The processor service uses gunicorn. waitress fits here, because it reads from slow clients without a thread for each,
keeps large bodies on disk, and runs in this process, which remembers the dropped pictures.
"""

from __future__ import annotations

import select
import signal
import socket
import time
from collections.abc import Callable
from typing import Any

from flask import Flask
from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer

from .request_body import Parser

THREADS = 12
# Uploads received or processed at the same time. Others wait in their connections, so that threads for pages are left.
UPLOADS = 8
CONNECTIONS = 200
# Seconds for the head of a request, for all of it, and for a connection on which nothing happens.
HEAD_TIME, REQUEST_TIME, IDLE_TIME = 20, 300, 60
# Time for a client to read an answer: seconds, and one more for each LEAST_RATE bytes.
ANSWER_TIME, LEAST_RATE = 60, 64 << 10
# Seconds that requests may take to finish when the gallery is stopped.
GRACE = 30


class Connection(HTTPChannel):  # type: ignore[misc]
    """A connection; `began` is when the request that is being received began."""

    parser_class = Parser
    began = 0.0
    # When it was first seen that the client is behind with its answers, and the bytes that it has taken since.
    behind_since, taken = 0.0, 0

    def received(self, data: bytes) -> bool:
        if self.request is None:
            self.began = time.time()
        return bool(super().received(data))

    def readable(self) -> bool:
        return bool(super().readable()) and (not self._has_body() or self.server.lets_in(self))

    def holds_upload(self) -> bool:
        """Whether a body is being received or processed."""
        return bool(self.requests) or self._has_body()

    def is_late(self, now: float) -> bool:
        """Whether the client takes too long to send its request."""
        if self.request is None or self.requests:
            return False
        return bool(now - self.began > (REQUEST_TIME if self.request.headers_finished else HEAD_TIME))

    def send(self, data: bytes, do_close: bool = True) -> int:
        sent = int(super().send(data, do_close))
        self.taken += sent
        return sent

    def reads_slowly(self, now: float) -> bool:
        """Whether the client takes too long to read its answers. To be asked again and again."""
        if not self.total_outbufs_len:
            self.behind_since = 0.0
        elif not self.behind_since:
            self.behind_since, self.taken = now, 0
        return bool(self.behind_since and now - self.behind_since > ANSWER_TIME + self.taken / LEAST_RATE)

    def _has_body(self) -> bool:
        request = self.request
        return request is not None and request.headers_finished and bool(request.content_length or request.chunked)


class GalleryServer(TcpWSGIServer):  # type: ignore[misc]
    """A server that is bound to its port when it is made, and answers from `run` to `stop`."""

    channel_class = Connection

    def __init__(self, app: Flask, host: str, port: int) -> None:
        adjustments = Adjustments(
            host=host,
            port=port,
            threads=THREADS,
            connection_limit=CONNECTIONS,
            channel_timeout=IDLE_TIME,
            cleanup_interval=5,
            max_request_header_size=128 << 10,
            max_request_body_size=app.config["MAX_CONTENT_LENGTH"],
            ident=None,
        )
        self._uploads: set[Connection] = set()
        self._stopping = False
        family, _, _, address = sockinfo = adjustments.listen[0]
        # Bound here, because waitress leaks its threads and sockets when a port is taken.
        listening = socket.create_server(address, family=family, backlog=adjustments.backlog)
        super().__init__(app, map={}, adj=adjustments, sockinfo=sockinfo, _sock=listening, bind_socket=False)

    @property
    def port(self) -> int:
        """The port it listens on; a free one if 0 was asked for."""
        return int(self.effective_port)

    def lets_in(self, channel: Connection) -> bool:
        """Whether a connection may continue its upload."""
        self._uploads = {one for one in self._uploads if one.connected and one.holds_upload()}
        if channel not in self._uploads:
            if len(self._uploads) >= UPLOADS:
                # It waits for us, so it does not count as idle.
                channel.last_activity = time.time()
                return False
            self._uploads.add(channel)
        return True

    def maintenance(self, now: float) -> None:
        super().maintenance(now)
        for channel in self.active_channels.values():
            if channel.is_late(now) or channel.reads_slowly(now):
                channel.will_close = True

    def run(self) -> None:
        """Answer until `stop`; then finish the current requests and accept no new ones."""
        while not self._stopping:
            self._step(1)
        self.del_channel()
        self.socket.close()
        end = time.monotonic() + GRACE
        while time.monotonic() < end and any(map(_is_busy, self.active_channels.values())):
            self._step(0.1)
        self.task_dispatcher.shutdown(timeout=1)
        wasyncore.close_all(self._map)

    def stop(self) -> None:
        """End `run`; may be called from a signal handler or another thread."""
        self._stopping = True
        self.pull_trigger()

    def run_until_signal(self, started: Callable[[], None]) -> None:
        """Answer until Ctrl-C or SIGTERM; a second Ctrl-C ends it at once. Calls `started` before."""

        def stop(*_: Any) -> None:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            self.stop()

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, stop)
        started()
        self.run()

    def _step(self, patience: float) -> None:
        wasyncore.loop(timeout=patience, use_poll=hasattr(select, "poll"), map=self._map, count=1)


def _is_busy(channel: Connection) -> bool:
    return bool(channel.requests or channel.total_outbufs_len)
