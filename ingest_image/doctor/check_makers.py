"""What made stored pictures and their fields: recipes, models, embedders."""

from __future__ import annotations

from collections.abc import Iterator

from elasticsearch import NotFoundError

from pipelines.cluster.makers import Maker, current_makers, stale_query
from pipelines.cluster.outdated import Outdated
from pipelines.cluster.sentences import CheckFailed
from pipelines.wording import counted

from ..search.schema import read_schema
from .finding import Finding, ok, warn
from .installation import Installation


def stale(installation: Installation) -> Iterator[Finding]:
    """Every picture was made by the recipe that its pipeline has now.

    [reprocess](reprocess.md) makes it so.
    """
    known, count = False, 0
    for index, makers in _makers_by_index(installation):
        for target, (name, maker) in makers.items():
            known = True
            query = stale_query(target, Maker(maker.recipe))
            stale = installation.client.count(index=index, query=query).body["count"]
            count += stale
            if stale:
                yield warn(
                    f"{counted(stale, 'document')} of {index} made by another recipe than the pipeline {name} has now",
                    f"ingest-image reprocess {index} --stale, if all should be alike",
                )
    if known and not count:
        yield ok("every picture was made by the present recipe of its pipeline")


def models(installation: Installation) -> Iterator[Finding]:
    """What was recognized was found by what the service has now, not by an older model or version.

    [enrich](enrich.md#properties-that-an-older-model-made) makes it so.
    """
    known, count = False, 0
    for index, makers in _makers_by_index(installation):
        exact = read_schema(installation.client, index).countable
        for target, (_, maker) in makers.items():
            # Vectors have a check of their own.
            recognized = maker.without("embedding")
            if not recognized.models:
                continue
            known = True
            query = Outdated(recognized).query(target, exact)
            older = installation.client.count(index=index, query=query).body["count"]
            count += older
            if older:
                yield warn(
                    f"{counted(older, 'document')} of {index} with something that an older model has recognized",
                    f"ingest-image enrich --stale {index} has it recognized again; no stored picture changes",
                )
    if known and not count:
        yield ok("what was recognized was found by the models of now")


def embedder(installation: Installation) -> Iterator[Finding]:
    """All vectors of an index are of one embedder, the service's: vectors of different ones cannot be compared."""
    vectors, fine = 0, True
    for index, makers in _makers_by_index(installation):
        for target, (_, maker) in makers.items():
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


def _makers_by_index(installation: Installation) -> Iterator[tuple[str, dict[str, tuple[str, Maker]]]]:
    """For each index: by target, the pipeline that makes its pictures, and with what."""
    makers = {name: _makers(installation, name) for name in installation.pipelines}
    for index, names in installation.pipelines_by_index.items():
        # The final pipeline runs last, so its recipe is what stays.
        yield index, {target: (name, maker) for name in names for target, maker in makers[name].items()}


def _makers(installation: Installation, name: str) -> dict[str, Maker]:
    try:
        return current_makers(installation.client, name)
    except (CheckFailed, NotFoundError):
        # The checks of the service and the indices report it.
        return {}
