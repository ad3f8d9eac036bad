"""Enrichers in this process, and documents that wait for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from elasticsearch import Elasticsearch

from ingest_image.enrich.backlog import Backlog
from ingest_image.enrich.enricher import Enricher
from ingest_image.enrich.log import Log
from tests.helpers.pictures import b64, picture
from tests.helpers.processes import wait_until

PHOTO = b64(picture("pillow/hopper.jpg"))
LATER: dict[str, Any] = {"properties": ["embedding", "statistics"], "later": ["embedding"]}


class Heard(Log):
    """Remembers what an enricher says: each event with its facts."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, event: str, sentence: str, **facts: Any) -> None:
        self.said.append((event, facts))


def enricher(es: Elasticsearch, *indices: str) -> Enricher:
    return Enricher(es, Backlog(es, indices), Heard())


def let_wait(es: Elasticsearch, index: str, *ids: str) -> None:
    """Store documents that something is to be added to, visible to searches."""
    operations = [line for id in ids for line in ({"index": {"_id": id}}, {"image": {"data": PHOTO}})]
    answer = es.bulk(index=index, operations=operations, refresh=True)
    assert not answer["errors"], answer


def waiting(es: Elasticsearch, index: str) -> list[str]:
    """Ids of the documents that something is still to be added to."""
    es.indices.refresh(index=index)
    query = {"exists": {"field": "image.pending_since"}}
    return sorted(hit["_id"] for hit in es.search(index=index, size=1000, query=query, source=False)["hits"]["hits"])


@contextmanager
def index_with_later(es: Elasticsearch, index: str) -> Iterator[None]:
    """An index with a pipeline of its own name that leaves something for later; both are deleted at the end."""
    es.ingest.put_pipeline(id=index, processors=[{"image": LATER}])
    es.indices.create(index=index, settings={"index.default_pipeline": index})
    yield
    es.indices.delete(index=index)
    es.ingest.delete_pipeline(id=index)


@contextmanager
def index_with_lost_shard(es: Elasticsearch, index: str, ids: str) -> Iterator[Callable[[], None]]:
    """An index like that of two shards, one of which is not there; documents wait in the other one.

    Gives what brings it back.
    """
    limit = "index.routing.allocation.total_shards_per_node"
    es.ingest.put_pipeline(id=index, processors=[{"image": LATER}])
    settings = {"index.default_pipeline": index, "number_of_shards": 2, "number_of_replicas": 0, limit: 1}
    es.indices.create(index=index, settings=settings, wait_for_active_shards=0)

    def is_there(id: str) -> bool:
        return any(copy["state"] == "STARTED" for copy in es.search_shards(index=index, routing=id)["shards"][0])

    wait_until(lambda: any(map(is_there, ids)))
    let_wait(es, index, *filter(is_there, ids))

    def found_again() -> None:
        es.indices.put_settings(index=index, settings={limit: 2})
        es.cluster.health(index=index, wait_for_status="green", timeout="240s")

    yield found_again
    es.indices.delete(index=index)
    es.ingest.delete_pipeline(id=index)
