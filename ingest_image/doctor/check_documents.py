"""Stored documents: pictures that failed, were not processed, or wait."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence

from pipelines.cluster.called_pipelines import target_fields
from pipelines.cluster.pending_fields import REMEDY, forgotten, obstacles
from pipelines.cluster.sources import holds_picture
from pipelines.resources import Body
from pipelines.wording import counted, shown
from processor_service.fields import PENDING_SINCE

from ..search.questions.order import NEWEST_FIRST
from ..search.requests.bands import without_bands
from ..search.stored.schema import merged, read_schema
from .finding import Finding, error, ok, warn
from .installation import Installation

# Each document may hold the largest allowed picture.
_SAMPLE = 3
# Minutes: at light load what is pending is gone after seconds.
_TOO_LONG = 5
# Indices in a sentence.
_MOST_NAMED = 5


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


def pending(installation: Installation) -> Iterator[Finding]:
    """Nothing has been pending for minutes ([enrich](enrich.md)); otherwise nobody enriches.

    Each index whose pipeline adds properties later lets what waits be found, and no picture waits in a field to which
    its pipelines do not write.
    """
    mappings = {name: entry.get("mappings", {}) for name, entry in installation.indices.items()}
    left_out = obstacles(mappings, installation.pipelines_by_index, installation.installed)
    for name, why in left_out.items():
        yield error(f"{name}: what its pipeline adds later is never added: {why}", REMEDY)
    waits_forever = list(_forgotten(installation, mappings))
    yield from waits_forever
    names = [name for name in installation.indices if name not in left_out]
    if not names:
        return
    long = [
        {"range": {f"{target}.{PENDING_SINCE}": {"lt": f"now-{_TOO_LONG}m"}}}
        for target in installation.indices_by_target
    ]
    # One search, as a document may have pictures in several fields.
    answer = installation.client.search(
        index=names,
        size=0,
        query={"bool": {"should": long}},
        track_total_hits=True,
        aggs={"by index": {"terms": {"field": "_index", "size": _MOST_NAMED}}},
    ).body
    count = answer["hits"]["total"]["value"]
    if count:
        # An enricher may be kept from one of them only.
        where = ", ".join(bucket["key"] for bucket in answer["aggregations"]["by index"]["buckets"])
        yield warn(
            f"{counted(count, 'document')} waiting for more than {_TOO_LONG} minutes for what is pending, in {where}: "
            "no enricher runs, it cannot keep up, or it must not read or write there",
            f"let one run: ingest-image enrich{_index_options(installation)}; if one does, see its log, start more of "
            "them, or give the service more recognizers",
        )
    elif not waits_forever:
        yield ok("nothing has been pending for minutes")


def _forgotten(installation: Installation, mappings: Mapping[str, Body]) -> Iterator[Finding]:
    """What waits where no enricher looks, as a pipeline has got another `target_field`."""
    for index, mapping in mappings.items():
        written = target_fields(installation.pipelines_by_index[index], installation.installed)
        for field, count in forgotten(installation.client, index, mapping, written):
            instead = f", but to {', '.join(written)}" if written else ""
            yield warn(
                f"{counted(count, 'document')} of {index} waiting for what is pending in {field}, to which no "
                f"pipeline of the index writes{instead}: it is never added",
                f"let a processor image write to {field} again (field, target_field), at least until nothing waits",
            )


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


def _named(installation: Installation, names: Sequence[str]) -> list[str]:
    """These indices as they are named in requests: by patterns, if there is no other one among them."""
    return [*installation.patterns] if set(names).isdisjoint(installation.others) else [*names]


def _index_options(installation: Installation) -> str:
    """The options that name the indices for `enrich`; none for those of the template."""
    named = installation.wanted_indices if not installation.others else installation.examined
    return "".join(f" --index {shlex.quote(pattern)}" for pattern in named)
