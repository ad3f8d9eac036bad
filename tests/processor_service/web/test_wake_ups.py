"""The loop wakes up for a body when enough of it is there, and never waits for more than is missing."""

from __future__ import annotations

import selectors
import socket
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import SimpleNamespace
from typing import Any, cast

import pytest
from flask import Flask
from gunicorn.config import Config
from hypothesis import example, given
from hypothesis import strategies as st

from processor_service.web.connections import readers, reading_loop
from processor_service.web.connections.answer_socket import AnswerSocket
from processor_service.web.connections.client_connection import ClientConnection
from processor_service.web.connections.readers import STALLED_SECONDS, Readers
from processor_service.web.connections.web_process import WebProcess
from processor_service.web.held_bytes import HeldBytes

# Bytes that come at once, seconds of the loop's clock before them, and whether they come in the middle of a turn.
Piece = tuple[int, float, bool]
PIECES = st.lists(
    st.tuples(st.integers(1, 300_000), st.sampled_from((0.0, 0.3)), st.booleans()), min_size=1, max_size=6
)


class Loop:
    """The reading loop, without its process. `complete`: connections whose requests are complete."""

    def __init__(self, room: int = 10**9) -> None:
        self.complete: list[ClientConnection] = []
        self.now = 1000.0
        self.process = cast(Any, object.__new__(WebProcess))
        self.process.poller, self.process.reading = selectors.DefaultSelector(), Readers(lambda _: False)
        self.process.nr_conns, self.process._longest, self.process.wsgi = 0, 10**6, Flask("loop")
        self.process.settings = SimpleNamespace(body_timeout=60)
        self.process.wsgi.extensions["held_bytes"] = self.account = HeldBytes(room)
        self.process.enqueue_req = self.complete.append

    def begin(self, ours: socket.socket, length: int) -> ClientConnection:
        """A connection whose head has come, and nothing of its body."""
        connection = ClientConnection(Config(), AnswerSocket.of(ours), "", ("", 0))
        connection.trusted, connection.length, connection.began = True, length, self.now
        head = SimpleNamespace(headers=(), body=SimpleNamespace(reader=None), _expected_100_continue=False)
        connection.request = head
        self.process.nr_conns += 1
        self.process._expect_body(connection)
        self.process.listen(connection, 60)
        self.process.advance(connection)
        return connection

    def turn(self, seconds: float) -> bool:
        """Read what can be read. False when nothing came for so long."""
        ready = self.process.poller.select(seconds)
        for key, _ in ready:
            key.data(key.fileobj)
        return bool(ready)


@pytest.fixture(scope="module")
def make_loop() -> Iterator[Callable[[], Loop]]:
    """Makes loops with a clock that the test moves."""
    made: list[Loop] = []
    clock = SimpleNamespace(monotonic=lambda: made[-1].now)

    def make(room: int = 10**9) -> Loop:
        made.append(Loop(room))
        return made[-1]

    with pytest.MonkeyPatch.context() as patch:
        for module in (reading_loop, readers):
            patch.setattr(module, "time", clock)
        yield make


@contextmanager
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Both ends of a TCP connection: the service's, and the client's."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()) as client,
        listener.accept()[0] as ours,
    ):
        client.setblocking(False)
        yield ours, client


def waits_for(connection: ClientConnection) -> int:
    return int(connection.sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT))


class Sender:
    """Sends the pieces of a body. Those that come `meanwhile` come between two reads of one turn of the loop."""

    def __init__(self, loop: Loop, client: socket.socket, pieces: list[Piece]) -> None:
        self._loop, self._client, self._pieces = loop, client, deque(pieces)
        self._begun = 0
        # For how much was waited, and how much was missing.
        self.too_much: list[tuple[int, int]] = []
        self._advance = loop.process.advance
        loop.process.advance = self._advanced

    def send(self) -> None:
        """Send of the next piece what the system takes."""
        if not self._begun and self._pieces:
            self._begun, pause, _ = self._pieces.popleft()
            self._loop.now += pause
        with suppress(BlockingIOError):
            self._begun -= self._client.send(bytes(self._begun))

    def _advanced(self, connection: ClientConnection) -> None:
        self._advance(connection)
        # An error in here would only end the connection.
        if not self._loop.complete and waits_for(connection) > connection.missing():
            self.too_much.append((waits_for(connection), connection.missing()))
        if self._pieces and self._pieces[0][2]:
            self.send()


@example([(200_000, 0.0, False), (20_000, 0.3, True), (180_000, 0.0, False)])
@given(PIECES)
def test_a_body_is_read_to_its_end_in_whatever_pieces_it_comes(
    make_loop: Callable[[], Loop], pieces: list[Piece]
) -> None:
    loop, waited = make_loop(), 0
    with pair() as (ours, client):
        connection = loop.begin(ours, sum(size for size, *_ in pieces))
        sender = Sender(loop, client, pieces)
        while not loop.complete:
            sender.send()
            assert sender.too_much == []
            waited = 0 if loop.turn(0.01) else waited + 1
            assert waited < 1000, "it waits for what does not come"
        assert loop.complete == [connection] and waits_for(connection) == 1
        connection.close()


def test_many_small_packets_wake_the_loop_up_seldom(make_loop: Callable[[], Loop]) -> None:
    loop, woke = make_loop(), 0
    with pair() as (ours, client):
        connection = loop.begin(ours, 512 * 1024)
        for _ in range(512):
            client.sendall(bytes(1024))
            woke += loop.turn(0)
        while not loop.complete:
            woke += loop.turn(60)
        connection.close()
    # Without it, once for each packet.
    assert woke < 32


def test_a_body_that_is_being_read_does_not_give_way_as_one_that_stalls(make_loop: Callable[..., Loop]) -> None:
    """The loop came back to it after seconds, and what has come meanwhile is too little to wake up for."""
    loop = make_loop(room=500_000)
    with pair() as (ours, client), pair() as (other, _):
        slow, newer = loop.begin(ours, 400_000), loop.begin(other, 400_000)
        client.sendall(bytes(200_000))
        while slow.missing() > 200_000:
            loop.turn(60)
        loop.now += STALLED_SECONDS + 1
        loop.process.reading.put(newer)
        newer.began, newer.holds = loop.now, 250_000
        loop.account.change(newer.holds)
        client.sendall(bytes(40))
        assert loop.process._read(slow)
        assert (slow.lingers, slow.missing(), bytes(slow.received)) == (None, 199_960, b"")
        assert newer.lingers is not None
        slow.close()
        newer.close()


def test_a_connection_does_not_take_its_own_place(make_loop: Callable[[], Loop]) -> None:
    """Nor does it give way while it is let in, however long that takes."""
    loop = make_loop()
    loop.process.keepalived_conns, loop.process.worker_connections = [], 2
    with pair() as (ours, _):
        newest = loop.begin(ours, 9)
        loop.now += STALLED_SECONDS + 1
        assert not loop.process._evict_trusted(newest)
        assert newest.lingers is None
        newest.close()
