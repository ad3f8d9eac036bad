"""Remembers the last pictures that were dropped to search by: in memory, and only what is compared."""

from __future__ import annotations

import threading
from collections import OrderedDict

from ..search import Sample

_KEPT = 256


class DroppedPictures:
    """Samples by the hash of their picture; the least recently used one is forgotten first."""

    def __init__(self) -> None:
        self._samples: OrderedDict[str, Sample] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, key: str, sample: Sample) -> None:
        """Keep a sample under the hash of its picture."""
        with self._lock:
            self._samples[key] = sample
            self._samples.move_to_end(key)
            while len(self._samples) > _KEPT:
                self._samples.popitem(last=False)

    def get(self, key: str) -> Sample | None:
        """The sample; None when it was forgotten."""
        with self._lock:
            if key in self._samples:
                self._samples.move_to_end(key)
            return self._samples.get(key)
