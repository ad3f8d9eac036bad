"""Finds the pairs of a whole index that are copies of each other by their pixels.

Each picture is compared with its few nearest by the visual vector, so the work grows with the index, not with its
square.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ..overlay import Layer, laid_over
from ..search.comparing.likeness import likeness_of
from ..search.comparing.union import Key, Union
from ..search.engine import Engine
from ..search.found.hits import hit_of
from ..search.found.layers import AT_A_TIME, layers
from ..search.pages import pages
from ..search.requests.queries import knn

_PAGE = 100
_THREADS = 4
# Pictures whose pixels are kept, about 100 kB each.
_KEPT = 500
Pair = tuple[Key, Key]


def join_copies(engine: Engine, union: Union, most: int, tick: Callable[[int], None] = lambda count: None) -> None:
    """Join documents whose first pictures are copies, looking at the `most` nearest of each.

    Pairs that are in one cluster already are not looked at. `tick` gets the number of documents of a page.
    """
    if not engine.schema.embedding:
        return
    seen: OrderedDict[Key, Layer | None] = OrderedDict()
    with ThreadPoolExecutor(_THREADS) as pool:
        for page in _documents(engine):
            pairs = sorted({pair for pair in _near(engine, page, most) if union.root(pair[0]) != union.root(pair[1])})
            _read(engine, pool, seen, dict.fromkeys(key for pair in pairs for key in pair))
            for (one, other), copies in zip(pairs, pool.map(lambda pair: _are_copies(seen, *pair), pairs), strict=True):
                if copies:
                    union.join(one, other)
            while len(seen) > _KEPT:
                seen.popitem(last=False)
            tick(len(page))


def _documents(engine: Engine) -> Iterator[list[dict[str, Any]]]:
    vector = engine.schema.embedding
    query = {"exists": {"field": vector}}
    return pages(engine, query, _PAGE, source_includes=["image.embedder"], fields=[vector])


def _near(engine: Engine, page: Sequence[dict[str, Any]], most: int) -> Iterator[Pair]:
    """Each document of the page with its nearest, in an order that is the same from both sides."""
    field = engine.schema.embedding
    assert field is not None
    searches: list[dict[str, Any]] = []
    asked = []
    for raw in page:
        vector, embedder = (raw.get("fields") or {}).get(field), hit_of(raw).first.embedder
        if not vector or len(vector) != (engine.schema.dims or len(vector)):
            continue
        clauses = [{"term": {"image.embedder": embedder}}] if embedder else []
        # One more, as each is the nearest to itself.
        search = knn(field, vector, clauses, k=most + 1, similarity=likeness_of(embedder).alike)
        searches += [{}, {"knn": search, "size": most + 1, "_source": False}]
        asked.append((raw["_index"], raw["_id"]))
    if not asked:
        return
    answers = engine.client.msearch(index=engine.index, searches=searches, ignore_unavailable=True)["responses"]
    for key, answer in zip(asked, answers, strict=True):
        for hit in (answer.get("hits") or {}).get("hits", ()):
            if (other := (hit["_index"], hit["_id"])) != key:
                yield min(key, other), max(key, other)


def _read(
    engine: Engine, pool: ThreadPoolExecutor, seen: OrderedDict[Key, Layer | None], keys: dict[Key, None]
) -> None:
    for key in keys:
        if key in seen:
            seen.move_to_end(key)
    new = [key for key in keys if key not in seen]
    parts = [new[start : start + AT_A_TIME] for start in range(0, len(new), AT_A_TIME)]
    for part, found in zip(parts, pool.map(lambda part: layers(engine.client, part), parts), strict=True):
        seen.update((key, found.get(key)) for key in part)


def _are_copies(seen: OrderedDict[Key, Layer | None], one: Key, other: Key) -> bool:
    first, second = seen[one], seen[other]
    return first is not None and second is not None and laid_over(first, second) is not None
