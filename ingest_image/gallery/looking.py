"""Looks for the duplicates of all indices in the background, and keeps what was found."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from elastic_transport import TransportError
from elasticsearch import ApiError

from pipelines.cluster.client import explain

from ..search import UserError
from ..search.comparing.union import Key

Tick = Callable[[str, int], None]


class Looking:
    """One look at a time. `find` gets a function to call with what was done with how many pictures."""

    def __init__(self, find: Callable[[Tick], list[list[Key]]]) -> None:
        self._find = find
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        # What was found by the last look; None while there was none.
        self.clusters: list[list[Key]] | None = None
        self.sentence = ""
        self.read = 0

    @property
    def is_running(self) -> bool:
        """Whether it is looking now."""
        return self._thread is not None and self._thread.is_alive()

    def start(self, *, again: bool = False, wait: float) -> None:
        """Look, unless that is done already or under way, and wait some seconds for the end."""
        with self._lock:
            if not self.is_running and (again or self.clusters is None):
                self.read, self.sentence = 0, ""
                self._thread = threading.Thread(target=self._look, name="duplicates", daemon=True)
                self._thread.start()
            thread = self._thread
        if thread:
            thread.join(wait)

    def _look(self) -> None:
        try:
            self.clusters = self._find(self._tick)
        except (ApiError, TransportError) as error:
            self.clusters, self.sentence = [], explain(error, "Elasticsearch")
        except UserError as error:
            self.clusters, self.sentence = [], str(error)

    def _tick(self, what: str, count: int) -> None:
        if what == "read":
            self.read += count

    def forget(self, gone: Iterable[Key]) -> None:
        """Take documents out of the clusters; one that is left alone is no cluster."""
        if self.clusters is None:
            # Nobody has looked yet, which is not the same as that there are none.
            return
        keys = set(gone)
        left = ([key for key in cluster if key not in keys] for cluster in self.clusters)
        self.clusters = [cluster for cluster in left if len(cluster) > 1]
