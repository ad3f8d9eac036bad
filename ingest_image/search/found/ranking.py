"""Merges ranked lists on the client, because Elasticsearch's own rrf needs a licence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .hits import Hit

# Source: Cormack, Clarke, Büttcher, "Reciprocal Rank Fusion", 2009; also Elasticsearch's default.
_RANK_CONSTANT = 60


def fuse(lists: Iterable[Sequence[Hit]]) -> list[Hit]:
    """Reciprocal rank fusion: each list gives a hit 1 / (60 + rank); the first list that has it says the reason."""
    hits: dict[tuple[str, str], Hit] = {}
    scores: dict[tuple[str, str], float] = {}
    for ranked in lists:
        for rank, hit in enumerate(ranked, 1):
            hits.setdefault(hit.key, hit)
            scores[hit.key] = scores.get(hit.key, 0.0) + 1 / (_RANK_CONSTANT + rank)
    # Sorting is stable: among equals, the one from the earlier list stays first.
    return sorted(hits.values(), key=lambda hit: -scores[hit.key])


def one_after_the_other(lists: Iterable[Sequence[Hit]]) -> list[Hit]:
    """The lists one after the other, each hit once."""
    hits: dict[tuple[str, str], Hit] = {}
    for ranked in lists:
        for hit in ranked:
            hits.setdefault(hit.key, hit)
    return list(hits.values())


def by_distance(hits: Iterable[Hit]) -> list[Hit]:
    """Nearest first; hits without a distance come last."""
    return sorted(hits, key=lambda hit: (hit.distance is None, hit.distance or 0, hit.key))
