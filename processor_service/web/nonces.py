"""The memory for what was used once and must not be used again."""

from __future__ import annotations

import heapq


class Nonces:
    """Numbers used once, each remembered for as long as its request would be accepted.

    At most `most` are remembered. Above that the oldest go, and with them everything as old is refused: what was
    forgotten is never accepted again.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._seen: set[bytes] = set()
        self._by_time: list[tuple[int, bytes]] = []
        self._forgotten = -1

    def __len__(self) -> int:
        return len(self._seen)

    def take(self, nonce: str, signed: int, oldest: float) -> bool:
        """Remember a nonce (hex) of a request signed at this time; False when it was there, or may have been.

        Times are seconds since 1970; what was signed before `oldest` is refused elsewhere, and forgotten here.
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
