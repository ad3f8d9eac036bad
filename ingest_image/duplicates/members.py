"""The members of a cluster: the one to keep first, and how the others are copies of it."""

from __future__ import annotations

from dataclasses import replace

from elasticsearch import Elasticsearch

from pipelines.cluster.sources import value_at

from ..search.comparing.hashes import BITS
from ..search.comparing.union import Key
from ..search.engine import Engine
from ..search.found.copies import confirmed
from ..search.found.documents import read_documents
from ..search.found.hits import Hit, as_copy, compared, hit_of
from ..search.found.reasons import Reason
from ..search.questions.sample import Sample, sample_of
from ..search.requests.queries import LIGHT

# Of a cluster, that many are laid over its first picture to say what they share.
_LAID_OVER = 100


def members(engine: Engine, keys: list[Key], distance: int, turned: bool) -> list[Hit]:
    """The documents of a cluster, the largest picture first, each with the reason why it is there."""
    return _with_overlaps(engine, with_reasons(_described(engine.client, keys), distance, turned))


def _described(client: Elasticsearch, keys: list[Key]) -> list[Hit]:
    """The documents of a cluster, the largest picture first, as that is the one to keep."""
    found = read_documents(client, keys, source_excludes=LIGHT["excludes"])
    return sorted(map(hit_of, found), key=_worse)


def _worse(hit: Hit) -> tuple[int, int, Key]:
    picture = hit.first
    return -(picture.width or 0) * (picture.height or 0), -(picture.bytes or 0), hit.key


def with_reasons(hits: list[Hit], distance: int, turned: bool) -> list[Hit]:
    """The hits, each compared with the first. A neighbour's neighbour can be farther away than `distance`."""
    if not hits:
        return []
    first = hits[0]
    sample = sample_of(first.id, value_at(first.source, "image"))
    # With all bits, so that the distance of a neighbour's neighbour is known, too.
    rest = [compared(hit, sample, BITS, turned) for hit in hits[1:]]
    return [first, *(hit if hit.reason else _neighbour(hit) for hit in rest)]


def _with_overlaps(engine: Engine, hits: list[Hit]) -> list[Hit]:
    """The hits, those that were joined by their pixels with what they share with the first."""
    unknown = [hit.key for hit in hits if hit.reason is Reason.NEIGHBOUR][:_LAID_OVER]
    if not unknown:
        return hits
    sample = Sample(hits[0].id, identity=hits[0].key)
    found = confirmed(engine.client, sample, unknown)
    return [as_copy(hit, found[hit.key]) if hit.key in found else hit for hit in hits]


def _neighbour(hit: Hit) -> Hit:
    return replace(hit, reason=Reason.NEIGHBOUR)
