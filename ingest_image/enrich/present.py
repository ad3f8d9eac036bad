"""Which version of a document there is: searches show it late, as an index is refreshed now and then."""

from __future__ import annotations

from collections.abc import Sequence

from elasticsearch import Elasticsearch

from .attempts import Attempts
from .backlog import Waiting


def tell_present(client: Elasticsearch, attempts: Attempts, documents: Sequence[Waiting]) -> None:
    """Tell `attempts` which version of each document there is now. Raises what the client does."""
    if not documents:
        return
    wanted = [
        {"_index": one.index, "_id": one.id} | ({"routing": one.routing} if one.routing else {}) for one in documents
    ]
    answers = client.mget(docs=wanted, source=False).body["docs"]
    for one, answer in zip(documents, answers, strict=True):
        attempts.seen(one.key, answer.get("_seq_no"))
