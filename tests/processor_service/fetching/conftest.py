"""A real server on loopback, and a resolver that says what a test wants."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from tests.helpers.web_server import Stranger, gives, stranger

from .asked import CAT


@pytest.fixture
def server() -> Iterator[Stranger]:
    with stranger({"/cat.jpg": gives(CAT)}) as running:
        yield running


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[list[str]]]:
    """A resolver with names of our own: for each lookup of a name the next list of IP addresses, the last one forever."""
    known: dict[str, list[list[str]]] = {}
    real = socket.getaddrinfo

    def lookup(host: str, port: int, **options: Any) -> list[Any]:
        if host not in known:
            return real(host, port, **options)
        answers = known[host]
        ips = answers.pop(0) if len(answers) > 1 else answers[0]
        return [found for ip in ips for found in real(ip, port, **options)]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    return known
