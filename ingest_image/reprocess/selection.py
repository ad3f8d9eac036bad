"""Which documents are processed again, as a query."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pipelines.cluster.makers import Maker, stale_query
from pipelines.cluster.outdated import Exact

from ..search.requests.bands import without_bands
from ..search.selecting import user_query
from .adding import Lacking

Query = dict[str, Any]


# Name of the clauses whose documents need no inspection; others are inspected (outcome.py).
SURE = "sure"


@dataclass(frozen=True)
class Selection:
    """The options that select documents; without any, all documents are selected."""

    query: str | None = None
    errors: bool = False
    unprocessed: bool = False
    stale: bool = False
    pending: bool = False
    # Pictures that are in the documents (`data`), or in the store (`external`), and should not be.
    elsewhere: Literal["data", "external"] | None = None
    # Properties that pictures lack, which were made when the recipe did not ask for them yet.
    added: tuple[str, ...] = ()
    # Properties that an older model made, of pictures whose recipe is that of now.
    outdated: bool = False

    @property
    def wants_pictures(self) -> bool:
        """Whether documents without a picture are not selected."""
        return any((self.errors, self.unprocessed, self.stale, self.pending, self.elsewhere, self.added, self.outdated))

    def to_query(
        self,
        targets: list[str],
        makers: Mapping[str, Maker],
        banded: Collection[str] = (),
        lacking: Mapping[str, Lacking] | None = None,
        exact: Exact = str,
    ) -> Query:
        """The query for an index whose pipeline writes to `targets`, made so now; hashes of `banded` ones have bands.

        `lacking`: by target, which pictures something is added to; `exact` knows the fields of the index.

        For `unprocessed` and `elsewhere` it also finds documents that have to be inspected.
        """
        wanted: list[Query] = []
        for target in targets:
            failed, done = ({"exists": {"field": f"{target}.{name}"}} for name in ("error.code", "sha256"))
            if self.errors:
                wanted.append(failed)
            if self.pending:
                wanted.append({"exists": {"field": f"{target}.pending"}})
            if self.unprocessed:
                wanted.append({"bool": {"must_not": [done, failed]}})
            if self.elsewhere:
                kept = {"exists": {"field": f"{target}.stored"}}
                inside = {"bool": {"filter": [done], "must_not": [kept]}}
                wanted.append(kept if self.elsewhere == "external" else inside)
            if target in (lacking or {}):
                wanted.append((lacking or {})[target].query(target, exact))
            if self.stale and target in makers:
                wanted.append(stale_query(target, makers[target]))
            if self.stale and target in banded:
                wanted.append(without_bands(target))
        filters = [user_query(self.query)] if self.query else []
        if self.wants_pictures:
            wanted = [{"bool": {"filter": [clause], "_name": SURE}} for clause in wanted]
            # A target may not be mapped, and of a list a query only tells that one of its pictures is like that.
            wanted += [{"match_all": {}}] if self.unprocessed or self.elsewhere else []
            # In Elasticsearch a bool query without clauses matches all documents.
            filters.append({"bool": {"should": wanted, "minimum_should_match": 1}} if wanted else {"match_none": {}})
        return {"bool": {"filter": filters}} if filters else {"match_all": {}}
