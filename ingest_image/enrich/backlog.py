"""What waits to be enriched, oldest first: Elasticsearch itself is the queue."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from elasticsearch import AuthorizationException, BadRequestError, Elasticsearch

from pipelines.cluster.called_pipelines import target_fields
from pipelines.cluster.index_pipelines import is_closed, pipelines_of, readable_pipelines, settings_by_index
from pipelines.cluster.pending_fields import filter_path, forgotten, obstacles
from pipelines.resources import Body
from pipelines.wording import counted
from processor_service.fields import PENDING_SINCE

from ..reprocess.documents import FoundDocument, size_of
from .claims import Key
from .searchable import LENIENT, Searchable, searchable

_PAGE = 100
# Seconds after which the indices and their pipelines are looked up again: there may be new ones.
_KNOWN_FOR = 10.0
# Seconds after which it is asked again which ones are followed: a data stream may have been installed.
_FOLLOWED_FOR = 60.0
# Seconds after which what was forbidden is tried again: a request for each index.
_FORBIDDEN_FOR = 30.0
# Bytes of names in a path: Elasticsearch takes 4096 in a line.
_LONGEST_PATH = 3000


@dataclass(frozen=True)
class Waiting(FoundDocument):
    """A document that waits; `seq_no` is that of the version that the search sees, which may not be the newest one."""

    index: str
    seq_no: int

    @property
    def key(self) -> Key:
        """Names the document in the cluster."""
        return (self.index, self.id, self.routing) if self.routing else (self.index, self.id)


@dataclass(frozen=True)
class Measure:
    """How many documents wait, and for how many seconds the oldest one has."""

    documents: int
    oldest: float


class Backlog:
    """The documents of the indices behind `patterns` to whose pictures something is still to be added.

    `follow`, if given, is asked from time to time which patterns these are by now, and first if `patterns` is empty.
    """

    def __init__(
        self, client: Elasticsearch, patterns: Sequence[str], follow: Callable[[], list[str]] | None = None
    ) -> None:
        self._client, self.patterns, self._follow = client, list(patterns), follow
        self._targets: list[str] = []
        # Indices in which nothing can be found, or nothing be written, each with the reason.
        self.left_out: dict[str, str] = {}
        # Indices that are closed, each with the reason why nobody knows what waits in them.
        self.closed: dict[str, str] = {}
        # By index: the fields to which its pipelines write. One without a pipeline is missing.
        self._written: dict[str, list[str]] = {}
        self._searchable = Searchable(self.patterns)
        self._looked, self._followed = float("-inf"), time.monotonic() if patterns else float("-inf")

    def oldest(self, without: Collection[str] = ()) -> Iterator[Waiting]:
        """The documents that wait, each once, in the order in which they began to: by whichever picture began first.

        A page is searched for when it is needed. `without`: indices that are passed over.
        """
        targets = self._known_targets()
        seen: set[Key] = set()
        pages = (self._of(target, targets, without) for target in targets)
        for _, one in heapq.merge(*pages, key=lambda pair: pair[0]):
            if one.key not in seen:
                yield one
            if len(targets) > 1:
                seen.add(one.key)

    def measure(self) -> Measure:
        """How much waits."""
        targets = self._known_targets()
        if not targets:
            return Measure(0, 0.0)
        any_of = {"bool": {"should": [{"exists": {"field": _since(target)}} for target in targets]}}
        waits = _without([*self.left_out], any_of)
        answer = self._client.search(index=self._index, size=0, query=waits, track_total_hits=True, **LENIENT)
        began = [hit["sort"][0] for target in targets for hit in self._search(target, [], 1, None)]
        found = answer.body["hits"]["total"]["value"]
        return Measure(found, max(0.0, time.time() - min(began) / 1000) if began else 0.0)

    @property
    def forbidden(self) -> dict[str, str]:
        """Indices and patterns that the user may not search, each with the reason."""
        return self._searchable.forbidden

    def has_pipeline(self, index: str) -> bool:
        """Whether anything can be added to pictures of an index, as far as is known since the last look."""
        return index in self._written

    def forgotten(self) -> dict[str, str]:
        """By index: what waits in it although none of its pipelines can add it. Raises what the client does."""
        answer = self._client.indices.get_mapping(
            index=self._index, filter_path=f"*.mappings.**.{PENDING_SINCE}.type", **LENIENT
        ).body
        found = {}
        for index, entry in answer.items():
            for name, count in forgotten(self._client, index, entry["mappings"], self._written.get(index, [])):
                found[index] = (
                    f"{counted(count, 'document')} waiting for what is pending in {name}, to which no pipeline of the "
                    "index writes"
                )
        return found

    def require_all(self) -> None:
        """Raise ApiError if documents cannot be searched now, as a shard is not there: what waits is overlooked."""
        for index in self._can_be_enriched():
            self._client.search(
                index=index, size=0, track_total_hits=False, allow_partial_search_results=False, **LENIENT
            )

    def refresh(self) -> None:
        """Make the last writes visible to searches."""
        for index in self._can_be_enriched():
            self._client.indices.refresh(index=index, **LENIENT)

    def _can_be_enriched(self) -> Iterator[str]:
        """The indices to whose pictures something can be added, many at a time: nothing else delays a single run."""
        names: list[str] = []
        for name in sorted(self._written.keys() - self.left_out.keys()):
            if names and len(quote(",".join([*names, name]))) > _LONGEST_PATH:
                yield ",".join(names)
                names.clear()
            names.append(name)
        if names:
            yield ",".join(names)

    @property
    def _index(self) -> str:
        return ",".join(self._searchable.names)

    def _of(self, target: str, targets: list[str], without: Collection[str]) -> Iterator[tuple[list[Any], Waiting]]:
        """Those with a picture in this field that waits, with what they are ordered by."""
        after: list[Any] | None = None
        while hits := self._search(target, targets, _PAGE, after, without):
            for hit in hits:
                one = Waiting(hit["_id"], hit.get("_routing"), size_of(hit), hit["_index"], hit["_seq_no"])
                yield hit["sort"], one
            if len(hits) < _PAGE:
                break
            after = hits[-1]["sort"]

    def _search(
        self, target: str, targets: list[str], size: int, after: list[Any] | None, without: Collection[str] = ()
    ) -> list[dict[str, Any]]:
        """A page of them, with the sizes of the pictures in all `targets`."""
        try:
            return self._searched(target, targets, size, after, [*self.left_out, *without])
        except AuthorizationException:
            self._look(refused=True)
            return []
        except BadRequestError:
            # No index has the field as a date. Which ones are at fault may have changed since they were looked at.
            self._looked = float("-inf")
            self._known_targets()
            if not self.left_out:
                raise
            return []

    def _searched(
        self, target: str, targets: list[str], size: int, after: list[Any] | None, without: list[str]
    ) -> list[dict[str, Any]]:
        answer = self._client.search(
            index=self._index,
            size=size,
            query=_without(without, {"exists": {"field": _since(target)}}),
            # The second one only tells apart what began to wait in the same millisecond. An index that has the field as
            # something else than a date fails alone, as its values are not compared with those of others.
            sort=[
                {_since(target): {"order": "asc", "unmapped_type": "date", "numeric_type": "date"}},
                {"_seq_no": {"order": "asc", "unmapped_type": "long"}},
            ],
            search_after=after,
            source=False,
            docvalue_fields=[{"field": f"{one}.bytes"} for one in targets],
            seq_no_primary_term=True,
            track_total_hits=False,
            **LENIENT,
        )
        return list(answer.body["hits"]["hits"])

    def _known_targets(self) -> list[str]:
        if self._follow and time.monotonic() - self._followed > _FOLLOWED_FOR:
            self.patterns, self._followed = self._follow(), time.monotonic()
            self._looked = float("-inf")
        if time.monotonic() - self._looked > (_FORBIDDEN_FOR if self.forbidden else _KNOWN_FOR):
            self.look_again()
        return self._targets

    def look_again(self) -> None:
        """Look up the indices and their pipelines now."""
        self._look(refused=bool(self.forbidden))

    def _look(self, refused: bool) -> None:
        """Look up the indices and their pipelines. `refused`: a search was, so each index is tried.

        Raises AuthorizationException if none may be searched.
        """
        self._searchable = searchable(self._client, self.patterns) if refused else Searchable(self.patterns)
        try:
            settings = settings_by_index(self._client, self._index, **LENIENT)
            # Patterns match none that is closed. Beside open ones that is as wanted: somebody keeps them so.
            settings = settings or settings_by_index(self._client, self._index, expand_wildcards=["closed"], **LENIENT)
        except AuthorizationException:
            if refused:
                raise
            self._look(refused=True)
            return
        self.closed = {
            index: f"it is closed: POST /{index}/_open opens it" for index, one in settings.items() if is_closed(one)
        }
        pipelines = {index: pipelines_of(one) for index, one in settings.items() if index not in self.closed}
        # All, as a pipeline may run others.
        installed = readable_pipelines(self._client)
        names = dict.fromkeys(name for of_index in pipelines.values() for name in of_index)
        self._targets = target_fields(names, installed) or (["image"] if names else [])
        self._written = {
            index: target_fields(of_index, installed) or ["image"] for index, of_index in pipelines.items() if of_index
        }
        self.left_out = self._obstacles(pipelines, installed)
        self._looked = time.monotonic()

    def _obstacles(self, pipelines: dict[str, list[str]], installed: dict[str, Body]) -> dict[str, str]:
        """By index: why nothing can be added to its pictures."""
        if not self._targets:
            return {}
        with suppress(AuthorizationException):
            # A few lines of an index: the whole mappings of a thousand of them would be many megabytes.
            answer = self._client.indices.get_mapping(
                index=self._index, filter_path=filter_path(self._targets), **LENIENT
            ).body
            return obstacles(
                {index: answer.get(index, {}).get("mappings", {}) for index in pipelines}, pipelines, installed
            )
        return {}


def _without(indices: list[str], query: Body) -> Body:
    return {"bool": {"filter": [query], "must_not": [{"terms": {"_index": indices}}]}}


def _since(target: str) -> str:
    return f"{target}.{PENDING_SINCE}"
