"""What waits to be enriched, oldest first: Elasticsearch itself is the queue."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from elasticsearch import Elasticsearch

from pipelines.cluster.called_pipelines import target_fields
from pipelines.cluster.index_pipelines import pipelines_of, settings_by_index
from processor_service.fields import PENDING_SINCE

from ..reprocess.documents import FoundDocument, size_of

_PAGE = 100
# Seconds after which the indices and their pipelines are looked up again: there may be new ones.
_KNOWN_FOR = 10.0
# Seconds after which it is asked again which ones are followed: a data stream may have been installed.
_FOLLOWED_FOR = 60.0


@dataclass(frozen=True)
class Waiting(FoundDocument):
    """A document that waits; `seq_no` is that of the version that the search sees, which may not be the newest one."""

    index: str
    seq_no: int

    @property
    def key(self) -> tuple[str, str]:
        """Names the document in the cluster."""
        return self.index, self.id


@dataclass(frozen=True)
class Measure:
    """How many documents wait, and for how many seconds the oldest one has."""

    documents: int
    oldest: float


class Backlog:
    """The documents of the indices behind `patterns` to whose pictures something is still to be added.

    `follow`, if given, is asked from time to time which patterns these are by now.
    """

    def __init__(
        self, client: Elasticsearch, patterns: list[str], follow: Callable[[], list[str]] | None = None
    ) -> None:
        self._client, self._patterns, self._follow = client, ",".join(patterns), follow
        self._targets: list[str] = []
        self._looked, self._followed = float("-inf"), time.monotonic()

    def oldest(self) -> Iterator[Waiting]:
        """The documents that wait, each once, in the order in which they began to: by whichever picture began first.

        A page is searched for when it is needed.
        """
        targets = self._known_targets()
        seen: set[tuple[str, str]] = set()
        for _, one in heapq.merge(*(self._of(target, targets) for target in targets), key=lambda pair: pair[0]):
            if one.key not in seen:
                yield one
            if len(targets) > 1:
                seen.add(one.key)

    def measure(self) -> Measure:
        """How much waits."""
        targets = self._known_targets()
        if not targets:
            return Measure(0, 0.0)
        waits = {"bool": {"should": [{"exists": {"field": _since(target)}} for target in targets]}}
        found = self._client.search(index=self._patterns, size=0, query=waits, track_total_hits=True, **_LENIENT).body[
            "hits"
        ]["total"]["value"]
        began = [hit["sort"][0] for target in targets for hit in self._search(target, [], 1, None)]
        return Measure(found, max(0.0, time.time() - min(began) / 1000) if began else 0.0)

    def refresh(self) -> None:
        """Make the last writes visible to searches."""
        self._client.indices.refresh(index=self._patterns, **_LENIENT)

    def _of(self, target: str, targets: list[str]) -> Iterator[tuple[list[Any], Waiting]]:
        """Those with a picture in this field that waits, with what they are ordered by."""
        after: list[Any] | None = None
        while hits := self._search(target, targets, _PAGE, after):
            for hit in hits:
                one = Waiting(hit["_id"], hit.get("_routing"), size_of(hit), hit["_index"], hit["_seq_no"])
                yield hit["sort"], one
            if len(hits) < _PAGE:
                break
            after = hits[-1]["sort"]

    def _search(self, target: str, targets: list[str], size: int, after: list[Any] | None) -> list[dict[str, Any]]:
        """A page of them, with the sizes of the pictures in all `targets`."""
        answer = self._client.search(
            index=self._patterns,
            size=size,
            query={"exists": {"field": _since(target)}},
            # The second one only tells apart what began to wait in the same millisecond.
            sort=[
                {_since(target): {"order": "asc", "unmapped_type": "date"}},
                {"_seq_no": {"order": "asc", "unmapped_type": "long"}},
            ],
            search_after=after,
            source=False,
            docvalue_fields=[{"field": f"{one}.bytes"} for one in targets],
            seq_no_primary_term=True,
            track_total_hits=False,
            **_LENIENT,
        )
        return list(answer.body["hits"]["hits"])

    def _known_targets(self) -> list[str]:
        if self._follow and time.monotonic() - self._followed > _FOLLOWED_FOR:
            self._patterns, self._followed = ",".join(self._follow()), time.monotonic()
            self._looked = float("-inf")
        if time.monotonic() - self._looked > _KNOWN_FOR:
            settings = settings_by_index(self._client, self._patterns, **_LENIENT)
            names = dict.fromkeys(name for entry in settings.values() for name in pipelines_of(entry))
            # All, as a pipeline may run others.
            installed = self._client.ingest.get_pipeline().body
            self._targets, self._looked = target_fields(names, installed), time.monotonic()
        return self._targets


# An index may come and go while it is followed.
_LENIENT: dict[str, Any] = {"ignore_unavailable": True, "allow_no_indices": True}


def _since(target: str) -> str:
    return f"{target}.{PENDING_SINCE}"
