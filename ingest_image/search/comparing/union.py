"""Joins keys of documents into clusters."""

from __future__ import annotations

from collections import defaultdict

Key = tuple[str, str]


class Union:
    """Union-find over keys. It holds only keys that were joined, so its size is that of the clusters."""

    def __init__(self) -> None:
        self._parent: dict[Key, Key] = {}

    def root(self, key: Key) -> Key:
        """The key that represents the cluster of `key`."""
        top = key
        while (above := self._parent.get(top, top)) != top:
            top = above
        while key != top:
            self._parent[key], key = top, self._parent.get(key, key)
        return top

    def join(self, one: Key, other: Key) -> None:
        """Put both into one cluster."""
        first, second = sorted((self.root(one), self.root(other)))
        if first == second:
            # Also one key twice, as documents under different routing have: that is no cluster.
            return
        self._parent.setdefault(first, first)
        self._parent[second] = first

    def clusters(self) -> list[list[Key]]:
        """All clusters, the largest first."""
        members: dict[Key, list[Key]] = defaultdict(list)
        for key in self._parent:
            members[self.root(key)].append(key)
        return sorted((sorted(keys) for keys in members.values()), key=lambda keys: (-len(keys), keys))
