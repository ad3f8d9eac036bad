"""Ports of 127.0.0.1 for what tests start."""

from __future__ import annotations

import fcntl
import os
import random
import socket
from functools import cache

_ours: set[int] = set()


def free_port(and_above: int = 0) -> int:
    """A port that nobody listens on, and that no other test gets.

    It is below those that the system gives to connections. By chance (and not that of a seed), as several workers of
    pytest-xdist ask at the same time. The port that is `and_above` above it is free, too.
    """
    for port in random.SystemRandom().sample(range(10_240, 32_000 - and_above), 100):
        if all(_is_free(wanted) and _take(wanted) for wanted in {port, port + and_above}):
            return port
    raise AssertionError("100 ports in a row are taken")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _take(port: int) -> bool:
    """Whether no test was given this port before. Until this process ends, no other process is given it.

    What is started listens a second later, or ten where the processor is wanted by others: meanwhile another worker
    would find the port free as well.
    """
    if port in _ours:
        return False
    try:
        # One byte of a file that all processes share; the system lets go of it when this process ends.
        fcntl.lockf(_shared_file(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    _ours.add(port)
    return True


@cache
def _shared_file() -> int:
    """Open until this process ends. Not where temporary files go: each worker has a folder of its own for them."""
    return os.open(f"/tmp/ingest-image-tests-ports-{os.getuid()}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
