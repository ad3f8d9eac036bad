"""Ports of 127.0.0.1 for what tests start."""

from __future__ import annotations

import random
import socket


def free_port(and_above: int = 0) -> int:
    """A port that nobody listens on, below those that the system gives to connections: it stays free until it is used.

    By chance (and not that of a seed), as several workers of pytest-xdist ask at the same time. The port that is
    `and_above` above it is free, too.
    """
    for port in random.SystemRandom().sample(range(10_240, 32_000 - and_above), 100):
        if all(map(_is_free, {port, port + and_above})):
            return port
    raise AssertionError("100 ports in a row are taken")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
