"""Which of the indices behind patterns may be searched: one that may not be makes a search in all of them fail."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from elasticsearch import AuthorizationException, Elasticsearch

from pipelines.cluster.client import addresses, explain
from pipelines.cluster.index_pipelines import settings_by_index

# An index may come and go while it is followed.
LENIENT: dict[str, Any] = {"ignore_unavailable": True, "allow_no_indices": True}


@dataclass(frozen=True)
class Searchable:
    """Names and patterns of what may be searched; and by index or pattern why others may not be."""

    names: Sequence[str]
    forbidden: dict[str, str] = field(default_factory=dict)


def searchable(client: Elasticsearch, patterns: Iterable[str]) -> Searchable:
    """What may be searched: the user's role may lack an index, or it has a block.

    Raises AuthorizationException if nothing may be.
    """
    names: list[str] = []
    forbidden: dict[str, AuthorizationException] = {}
    for pattern in patterns:
        if (refusal := _refusal(client, [pattern])) is None:
            names.append(pattern)
            continue
        try:
            behind = list(settings_by_index(client, pattern, **LENIENT))
        except AuthorizationException as error:
            forbidden[pattern] = error
            continue
        refused = {index: why for index in behind if (why := _refusal(client, [index]))} or {pattern: refusal}
        forbidden |= refused
        left = [index for index in behind if index not in refused]
        # What comes later matches the pattern.
        narrowed = [pattern, *(f"-{index}" for index in refused)]
        names += narrowed if "*" in pattern and left and _refusal(client, narrowed) is None else left
    if not names and forbidden:
        raise next(iter(forbidden.values()))
    return Searchable(names, {name: explain(error, addresses(client)) for name, error in forbidden.items()})


def _refusal(client: Elasticsearch, names: Sequence[str]) -> AuthorizationException | None:
    try:
        client.search(index=list(names), size=0, track_total_hits=False, **LENIENT)
        settings_by_index(client, ",".join(names), **LENIENT)
    except AuthorizationException as error:
        return error
    return None
