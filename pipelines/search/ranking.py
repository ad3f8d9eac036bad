"""Several ranked lists to one, on the client: Elasticsearch's own rrf needs a licence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .hits import CERTAIN, Hit

# Source: Cormack, Clarke, Büttcher, "Reciprocal Rank Fusion", 2009; also Elasticsearch's default.
_RANK_CONSTANT = 60


def fuse(lists: Iterable[Sequence[Hit]], certain_first: bool) -> list[Hit]:
    """Reciprocal rank fusion: each list gives a hit 1 / (60 + rank); its first list says the reason.

    With `certain_first`, what is surely the sample's picture comes before everything else, nearest first.
    """
    hits: dict[tuple[str, str], Hit] = {}
    scores: dict[tuple[str, str], float] = {}
    for ranked in lists:
        for rank, hit in enumerate(ranked, 1):
            hits.setdefault(hit.key, hit)
            scores[hit.key] = scores.get(hit.key, 0.0) + 1 / (_RANK_CONSTANT + rank)

    def place(hit: Hit) -> tuple[int, int, float, tuple[str, str]]:
        if certain_first and hit.reason in CERTAIN:
            return CERTAIN.index(hit.reason), hit.distance or 0, 0.0, hit.key
        return len(CERTAIN), 0, -scores[hit.key], hit.key

    return sorted(hits.values(), key=place)


def by_distance(hits: Iterable[Hit]) -> list[Hit]:
    """Nearest first; what has no distance comes last."""
    return sorted(hits, key=lambda hit: (hit.distance is None, hit.distance or 0, hit.key))
