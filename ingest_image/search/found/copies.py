"""Confirms that hits are copies of the sample, by laying their pictures over it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

from elasticsearch import Elasticsearch

from ...overlay import Overlap, laid_over, quick
from ..comparing.likeness import likeness_of
from ..comparing.union import Key
from ..questions.sample import Sample
from .hits import Hit, as_copy
from .layers import AT_A_TIME, layers
from .ranking import by_distance, one_after_the_other

# OpenCV and Pillow work outside of Python's lock, and while one thread reads, others compute.
_THREADS = 4
# Without OpenCV a pair takes ten times as long.
_SLOW = 8


def copies_among(
    client: Elasticsearch, sample: Sample, by_hash: Sequence[Hit], by_vector: Sequence[Hit], crops: Sequence[Hit] = ()
) -> list[Hit]:
    """The copies: those by their hash, the nearest first, then those by their pixels, the likeliest first.

    `crops` are near by what a crop leaves of the vector.
    """
    copies = [hit for hit in (*by_hash, *by_vector) if hit.copy]
    likely = _candidates(sample, one_after_the_other([copies, by_vector, by_hash]))
    # The other list knows how alike they are as a whole.
    whole = {hit.key: hit for hit in by_vector}
    cropped = [whole.get(hit.key, hit) for hit in crops if not (hit.reason and hit.reason.is_certain)]
    promising = one_after_the_other([likely, cropped if quick() else []])
    found = confirmed(client, sample, [hit.key for hit in promising])
    certain = by_distance(hit for hit in one_after_the_other([copies]) if hit.key not in found)
    return certain + [as_copy(hit, found[hit.key]) for hit in promising if hit.key in found]


def _candidates(sample: Sample, hits: Iterable[Hit]) -> list[Hit]:
    """The hits that are laid over the sample, the likeliest copies first."""
    limits = likeness_of(sample.embedder)
    found = {hit.key: hit for hit in hits if hit.reason is None or not hit.reason.is_certain}
    ordered = sorted(found.values(), key=lambda hit: (hit.distance is None, -(hit.likeness or 0)))
    return ordered[: limits.candidates if quick() else min(_SLOW, limits.candidates)]


def confirmed(client: Elasticsearch, sample: Sample, keys: Sequence[Key]) -> dict[Key, Overlap]:
    """What these documents (index, id) share with the sample; only those that are copies."""
    if not keys or (sample := with_layer(client, sample)).layer is None:
        return {}
    parts = [keys[start : start + AT_A_TIME] for start in range(0, len(keys), AT_A_TIME)]
    with ThreadPoolExecutor(_THREADS) as pool:
        found = pool.map(partial(_of_part, client, sample), parts)
        return {key: overlap for part in found for key, overlap in part.items()}


def with_layer(client: Elasticsearch, sample: Sample) -> Sample:
    """The sample with its pixels, if it is a stored picture and they can be read."""
    if sample.layer is not None or sample.identity is None:
        return sample
    return replace(sample, layer=layers(client, [sample.identity]).get(sample.identity))


def _of_part(client: Elasticsearch, sample: Sample, keys: Sequence[Key]) -> dict[Key, Overlap]:
    assert sample.layer is not None
    found = ((key, laid_over(sample.layer, layer)) for key, layer in layers(client, keys).items())
    return {key: overlap for key, overlap in found if overlap is not None}
