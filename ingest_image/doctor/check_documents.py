"""Stored documents: pictures that failed, were not processed, or were made by another recipe."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from elasticsearch import NotFoundError

from pipelines.cluster.makers import Maker, current_makers, stale_query
from pipelines.cluster.sentences import CheckFailed
from pipelines.cluster.sources import holds_picture
from pipelines.wording import counted, shown
from processor_service.fields import PENDING_SINCE

from ..search.bands import without_bands
from ..search.order import NEWEST_FIRST
from ..search.schema import merged, read_schema
from .finding import Finding, ok, warn
from .installation import Installation

# Each document may hold the largest allowed picture.
_SAMPLE = 3
# Minutes: at light load what is pending is gone after seconds.
_TOO_LONG = 5


def errors(installation: Installation) -> Iterator[Finding]:
    """No document was stored with an error. Otherwise: how many, by code."""
    total = 0
    for target, names in installation.indices_by_target.items():
        code = f"{target}.error.code"
        # In an index without our template the field may be a text, whose values cannot be counted.
        field = read_schema(installation.client, ",".join(names)).countable(code)
        answer = installation.client.search(
            index=names,
            size=0,
            query={"exists": {"field": code}},
            aggs={"codes": {"terms": {"field": field, "size": 20}}} if field else None,
            track_total_hits=True,
        ).body
        count = answer["hits"]["total"]["value"]
        total += count
        if not count:
            continue
        buckets = answer["aggregations"]["codes"]["buckets"] if field else []
        codes = ", ".join(f"{bucket['doc_count']} {shown(str(bucket['key']))}" for bucket in buckets)
        listed = ",".join(_named(installation, names))
        yield warn(
            f"{counted(count, 'document')} stored with an error{f': {codes}' if codes else ''}",
            f"list them with GET {listed}/_search?q=_exists_:{code}&_source_includes={target}.error; docs/service.md "
            "says what the codes mean; when the cause is fixed, ingest-image "
            f"reprocess {shlex.quote(listed)} --errors",
        )
    if installation.indices and not total:
        yield ok("no document has an error")


def unprocessed(installation: Installation) -> Iterator[Finding]:
    """No document has a picture and neither fields nor an error ([more](security.md#what-passed-by-the-pipeline)).

    A bulk `update` or `?pipeline=_none` stores such documents.
    """
    if not installation.indices:
        return
    # Elasticsearch cannot search for documents with a binary field, so a few candidates are read.
    total = looked_at = pictures = 0
    affected: list[str] = []
    for target, names in installation.indices_by_target.items():
        done = [{"exists": {"field": f"{target}.{field}"}} for field in ("sha256", "error.code")]
        for index in names:
            fields = list(dict.fromkeys([target, installation.targets(index)[target]]))
            answer = installation.client.search(
                index=index,
                size=_SAMPLE,
                query={"bool": {"must_not": done}},
                source={"includes": fields, "excludes": [f"{target}.thumbnail"]},
                sort=NEWEST_FIRST,
                track_total_hits=True,
            ).body["hits"]
            total += answer["total"]["value"]
            looked_at += len(answer["hits"])
            found = sum(holds_picture(hit.get("_source"), fields) for hit in answer["hits"])
            affected += [index] if found else []
            pictures += found
    if pictures:
        listed = shlex.quote(",".join(_named(installation, affected)))
        yield warn(
            f"pictures were stored unprocessed: {counted(total, 'document')} with neither fields nor an error, and "
            f"{pictures} of the {looked_at} that were read hold a picture",
            f"ingest-image reprocess {listed} --unprocessed; with index.final_pipeline only a bulk update "
            "avoids the pipeline",
        )
    elif total > looked_at:
        yield ok(
            f"{counted(total, 'document')} with neither fields nor an error: the {looked_at} newest, which were "
            "read, hold no picture"
        )
    else:
        # One processed picture of a list hides the others, and a mark may be of an earlier picture. Only
        # `reprocess` finds these.
        yield ok("no document has a picture and neither fields nor an error")


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


def pending(installation: Installation) -> Iterator[Finding]:
    """Nothing waits for minutes to be added to a stored picture ([enrich](enrich.md)): then nobody enriches."""
    if not installation.indices:
        return
    count = 0
    for target, names in installation.indices_by_target.items():
        query = {"range": {f"{target}.{PENDING_SINCE}": {"lt": f"now-{_TOO_LONG}m"}}}
        answer = installation.client.search(index=names, size=0, query=query, track_total_hits=True).body
        count += answer["hits"]["total"]["value"]
    if count:
        yield warn(
            f"{counted(count, 'document')} waiting for more than {_TOO_LONG} minutes for what is pending: no enricher "
            "runs, or it cannot keep up",
            f"let one run: ingest-image enrich{_index_options(installation)}; if one does, see its log, start more of "
            "them, or give the service more recognizers",
        )
    else:
        yield ok("nothing has been pending for minutes")


def bands(installation: Installation) -> Iterator[Finding]:
    """Every hash has bands, by which large indices find near duplicates without comparing all hashes."""
    found = [name for name, entry in installation.indices.items() if merged([entry.get("mappings", {})]).has_bands]
    lacking = False
    for index in found:
        count = installation.client.count(index=index, query=without_bands("image")).body["count"]
        if count:
            lacking = True
            yield warn(
                f"{counted(count, 'document')} of {index} with hashes without bands: near duplicates are found by "
                "comparing all hashes, which is slow in large indices",
                f"ingest-image reprocess {index} --stale adds them, without making the pictures again",
            )
    if found and not lacking:
        yield ok("all hashes have bands")


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


def _named(installation: Installation, names: Sequence[str]) -> list[str]:
    """These indices as they are named in requests: by patterns, if there is no other one among them."""
    return [*installation.patterns] if set(names).isdisjoint(installation.others) else [*names]


def _index_options(installation: Installation) -> str:
    """The options that name the indices for `enrich`; none for those of the template."""
    named = installation.wanted_indices if not installation.others else installation.examined
    return "".join(f" --index {shlex.quote(pattern)}" for pattern in named)


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
