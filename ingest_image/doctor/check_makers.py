"""What made stored pictures and their fields: recipes, models, embedders."""

from __future__ import annotations

from collections.abc import Iterator

from elasticsearch import NotFoundError

from pipelines.cluster.current_makers import current_makers
from pipelines.cluster.makers import Maker, stale_query
from pipelines.cluster.outdated import Outdated
from pipelines.cluster.sentences import CheckFailed
from pipelines.resources import Body
from pipelines.wording import counted

from ..search.stored.schema import read_schema
from .finding import Finding, ok, warn
from .installation import Installation


def stale(installation: Installation) -> Iterator[Finding]:
    """Every picture was made by the recipe that its pipeline has now.

    [reprocess](reprocess.md) makes it so.
    """
    counts = []
    for index, target, name, maker in _makers_by_index(installation):
        counts.append(_count(installation, index, stale_query(target, Maker(maker.recipe))))
        if counts[-1]:
            yield warn(
                f"{counted(counts[-1], 'document')} of {index} made by another recipe than the pipeline {name} has now",
                f"ingest-image reprocess {index} --stale, if all should be alike",
            )
    if counts and not any(counts):
        yield ok("every picture was made by the present recipe of its pipeline")


def models(installation: Installation) -> Iterator[Finding]:
    """What was recognized was found by the models that the service has now, not by older ones.

    [enrich](enrich.md#properties-that-an-older-model-made) makes it so.
    """
    counts = []
    for index, target, _, maker in _makers_by_index(installation):
        # Vectors have a check of their own.
        recognized = maker.without("embedding")
        if not recognized.models:
            continue
        exact = read_schema(installation.client, index).countable
        counts.append(_count(installation, index, Outdated(recognized).query(target, exact)))
        if counts[-1]:
            yield warn(
                f"{counted(counts[-1], 'document')} of {index} with something that an older model has recognized",
                f"ingest-image enrich --stale {index} has it recognized again; no stored picture changes",
            )
    if counts and not any(counts):
        yield ok("what was recognized was found by the present models")


def embedder(installation: Installation) -> Iterator[Finding]:
    """All vectors of an index are of one embedder, the service's: vectors of different ones cannot be compared."""
    vectors, fine = 0, True
    for index, target, _, maker in _makers_by_index(installation):
        now = maker.embedder
        aggs = {"embedders": {"terms": {"field": f"{target}.embedder", "size": 20}}}
        answer = installation.client.search(index=index, size=0, aggs=aggs).body
        buckets = answer["aggregations"]["embedders"]["buckets"]
        vectors += len(buckets)
        if len(buckets) > 1 or (now and buckets and buckets[0]["key"] != now):
            fine = False
            held = ", ".join(f"{bucket['doc_count']} of {bucket['key']}" for bucket in buckets)
            yield warn(
                f"{index} holds vectors {held}; the service's embedder is {now or 'not known here'}",
                f"ingest-image reprocess {index} --stale replaces those of others; when they have another "
                "length, make a new index (docs/likeness.md); until then nothing finds them by likeness",
            )
    if vectors and fine:
        yield ok("all vectors are of the service's embedder")


def _count(installation: Installation, index: str, query: Body) -> int:
    return int(installation.client.count(index=index, query=query).body["count"])


def _makers_by_index(installation: Installation) -> Iterator[tuple[str, str, str, Maker]]:
    """For each index and each of its targets: the pipeline that makes the pictures there, and with what."""
    makers = {name: _makers(installation, name) for name in installation.pipelines}
    for index, names in installation.pipelines_by_index.items():
        # The final pipeline runs last, so its recipe is what stays.
        last = {target: (name, maker) for name in names for target, maker in makers[name].items()}
        for target, (name, maker) in last.items():
            yield index, target, name, maker


def _makers(installation: Installation, name: str) -> dict[str, Maker]:
    try:
        return current_makers(installation.client, name)
    except (CheckFailed, NotFoundError):
        # The checks of the service and the indices report it.
        return {}
