"""The connections that the web process's loop reads from, and in which order they give way to others."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import chain

from .client_connection import ClientConnection

# Seconds in which a client that sends a body has to make some progress: what the loop wakes up for (reading_loop.py),
# so 64 kB a second. Otherwise it gives way to others.
STALLED_SECONDS = 2.0


class Readers:
    """All that are read from, in three groups: those that have shown no token, those that have, and those of probes.

    In each group the one that made no progress for the longest time is the first.
    """

    def __init__(self, is_for_probes: Callable[[ClientConnection], bool]) -> None:
        self._is_for_probes = is_for_probes
        self.strangers: dict[ClientConnection, None] = {}
        self.trusted: dict[ClientConnection, None] = {}
        self.probes: dict[ClientConnection, None] = {}

    def __contains__(self, connection: object) -> bool:
        return any(connection in group for group in self._groups())

    def __iter__(self) -> Iterator[ClientConnection]:
        return chain(*self._groups())

    def put(self, connection: ClientConnection) -> None:
        """Add a connection, or note that it made progress."""
        self.remove(connection)
        if self._is_for_probes(connection):
            group = self.probes
        else:
            group = self.trusted if connection.trusted else self.strangers
        group[connection] = None
        connection.progress = time.monotonic()

    def remove(self, connection: ClientConnection) -> None:
        """Forget a connection; nothing happens when it is not here."""
        for group in self._groups():
            group.pop(connection, None)

    def stalled(self, but: ClientConnection, with_body: bool = False) -> ClientConnection | None:
        """One that has shown a token and sends nothing, or too slowly, for the longest time.

        `but`: never this one, for which the others would give way. `with_body`: only one that has memory for a body.
        """
        now = time.monotonic()
        for connection in self.trusted:
            if now - connection.progress < STALLED_SECONDS:
                return None
            if connection is but:
                continue
            # The loop may be behind, not the client.
            if (connection.length or not with_body) and not connection.is_readable():
                return connection
        return None

    def _groups(self) -> tuple[dict[ClientConnection, None], ...]:
        return self.strangers, self.trusted, self.probes
