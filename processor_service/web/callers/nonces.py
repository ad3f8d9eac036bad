"""Remembers the numbers of signed requests, so that none is accepted twice."""

from __future__ import annotations

import heapq


class Nonces:
    """Numbers that were used once. Each is remembered as long as its request would be accepted.

    At most `most` are remembered. Above that the oldest are forgotten, and all requests that are as old are refused: a
    forgotten one is never accepted again.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._seen: set[bytes] = set()
        self._by_time: list[tuple[int, bytes]] = []
        self._forgotten = -1

    def __len__(self) -> int:
        return len(self._seen)

    def take(self, nonce: str, signed: int, oldest: float) -> bool:
        """Remember the nonce (hex) of a request signed at this time. False when it was, or may have been, used before.

        Times are seconds since 1970. Requests signed before `oldest` are refused elsewhere, and forgotten here.
        """
        while self._by_time and (self._by_time[0][0] < oldest):
            self._forget()
        number = bytes.fromhex(nonce)
        if signed <= self._forgotten or number in self._seen:
            return False
        if len(self._seen) >= self._most:
            self._forgotten = self._forget()
            if signed <= self._forgotten:
                return False
        self._seen.add(number)
        heapq.heappush(self._by_time, (signed, number))
        return True

    def _forget(self) -> int:
        time, number = heapq.heappop(self._by_time)
        self._seen.discard(number)
        return time
