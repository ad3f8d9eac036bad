"""What waits to be enriched, oldest first: Elasticsearch itself is the queue."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from elasticsearch import Elasticsearch

from pipelines.cluster.index_pipelines import pipelines_of, settings_by_index
from pipelines.cluster.makers import targets_of
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
        """The documents that wait, in the order in which they began to; each page is searched for when it is needed."""
        for target in self._known_targets():
            after: list[Any] | None = None
            while hits := self._search(target, _PAGE, after)["hits"]:
                for hit in hits:
                    yield Waiting(hit["_id"], hit.get("_routing"), size_of(hit), hit["_index"], hit["_seq_no"])
                if len(hits) < _PAGE:
                    break
                after = hits[-1]["sort"]

    def measure(self) -> Measure:
        """How much waits."""
        documents, oldest = 0, 0.0
        for target in self._known_targets():
            found = self._search(target, 1, None, count=True)
            documents += found["total"]["value"]
            for hit in found["hits"]:
                oldest = max(oldest, time.time() - hit["sort"][0] / 1000)
        return Measure(documents, oldest)

    def refresh(self) -> None:
        """Make the last writes visible to searches."""
        self._client.indices.refresh(index=self._patterns, **_LENIENT)

    def _search(self, target: str, size: int, after: list[Any] | None, count: bool = False) -> dict[str, Any]:
        since = f"{target}.{PENDING_SINCE}"
        answer = self._client.search(
            index=self._patterns,
            size=size,
            query={"exists": {"field": since}},
            # The second one only tells apart what began to wait in the same millisecond.
            sort=[
                {since: {"order": "asc", "unmapped_type": "date"}},
                {"_seq_no": {"order": "asc", "unmapped_type": "long"}},
            ],
            search_after=after,
            source=False,
            docvalue_fields=[{"field": f"{target}.bytes"}],
            seq_no_primary_term=True,
            track_total_hits=count,
            **_LENIENT,
        )
        return dict(answer.body["hits"])

    def _known_targets(self) -> list[str]:
        if self._follow and time.monotonic() - self._followed > _FOLLOWED_FOR:
            self._patterns, self._followed = ",".join(self._follow()), time.monotonic()
            self._looked = float("-inf")
        if time.monotonic() - self._looked > _KNOWN_FOR:
            settings = settings_by_index(self._client, self._patterns, **_LENIENT)
            names = dict.fromkeys(name for entry in settings.values() for name in pipelines_of(entry))
            known = dict(
                self._client.options(ignore_status=404).ingest.get_pipeline(id=",".join(names)).body if names else {}
            )
            found = [target for name in names if name in known for _, target in targets_of(known[name])]
            self._targets, self._looked = list(dict.fromkeys(found)), time.monotonic()
        return self._targets


# An index may come and go while it is followed.
_LENIENT: dict[str, Any] = {"ignore_unavailable": True, "allow_no_indices": True}
