"""Messages between the web process and a worker arrive whole, or not at all."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator

import pytest

from processor_service.workers.channel import Channel

# More than the kernel keeps for a socket, so that both sides take turns.
LARGE = os.urandom(3_000_000)


@pytest.fixture
def ends() -> Iterator[tuple[Channel, Channel]]:
    one, other = map(Channel, socket.socketpair())
    yield one, other
    one.close()
    other.close()


@pytest.mark.parametrize("message", [b"", b"ready", LARGE])
def test_messages_arrive_as_they_were_sent(ends: tuple[Channel, Channel], message: bytes) -> None:
    one, other = ends

    def send() -> None:
        one.send(message)
        one.send(b"next")

    sender = threading.Thread(target=send)
    sender.start()
    assert other.receive() == message
    assert other.receive() == b"next"
    sender.join()


def test_the_end_of_the_other_side_is_no_message(ends: tuple[Channel, Channel]) -> None:
    one, other = ends
    assert not other.poll(0)
    one.close()
    assert other.poll(0)
    with pytest.raises(EOFError):
        other.receive()


def test_a_message_that_ends_too_early_is_none() -> None:
    raw, theirs = socket.socketpair()
    channel = Channel(theirs)
    raw.sendall(b"\x00\x00\x00\x05half")
    raw.close()
    with pytest.raises(EOFError):
        channel.receive()
    channel.close()


def test_a_closed_end_says_so(ends: tuple[Channel, Channel]) -> None:
    one, _ = ends
    one.close()
    for use in (lambda: one.poll(0), lambda: one.send(b"a"), one.receive):
        with pytest.raises(OSError, match="Bad file descriptor"):
            use()
