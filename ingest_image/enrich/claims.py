"""Says which documents an enricher works on, so that others take other ones.

The request itself says it, by its `X-Opaque-Id`, which Elasticsearch shows with the task as long as the node works on
it. So a claim needs no index, and ends with the work, also if the enricher is killed: its last request goes on in the
node. Two enrichers that look at the same moment may still take the same document; then the first write wins.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from elasticsearch import AuthorizationException, Elasticsearch

from pipelines.cluster.bulks import bulks_under_way, of_index

_NAME = "ingest-image-enrich"
# Hex digits. Documents with the same ones wait for each other, which hurts nobody.
_LENGTH = 8

# Index, id, and the routing if the document has one: under different ones an index may hold the same id twice.
Key = tuple[str, ...]


def claim(keys: Iterable[Key], index: str, uuid: str) -> str:
    """The `X-Opaque-Id` of a request that writes these documents of an index, given by their keys."""
    return " ".join([of_index(_NAME, index, uuid), *(_hash(key) for key in keys)])


class Claims:
    """What enrichers are working on at this moment. Without the privilege `monitor` nothing is known."""

    def __init__(self, client: Elasticsearch) -> None:
        try:
            said = [id_.split() for id_ in bulks_under_way(client)]
        except AuthorizationException:
            said = []
        self._hashes = {hash_ for words in said if words[:1] == [_NAME] for hash_ in words[1:]}

    @property
    def is_empty(self) -> bool:
        """Whether no enricher is at work now."""
        return not self._hashes

    def __contains__(self, key: Key) -> bool:
        return _hash(key) in self._hashes


def _hash(key: Key) -> str:
    return hashlib.sha256("/".join(key).encode()).hexdigest()[:_LENGTH]
