"""Ports of 127.0.0.1 for what tests start."""

from __future__ import annotations

import random
import socket


def free_port() -> int:
    """A port that nobody listens on, below those that the system gives to connections: it stays free until it is used.

    By chance (and not that of a seed), as several workers of pytest-xdist ask at the same time.
    """
    for port in random.SystemRandom().sample(range(10_240, 32_000), 100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise AssertionError("100 ports in a row are taken")
