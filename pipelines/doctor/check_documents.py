"""What is stored: pictures that failed, that were not processed, or that were made by another recipe."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from elasticsearch import NotFoundError

from ..check import CheckFailed
from ..recipes import current_recipes, stale_query
from ..wording import counted
from .finding import Finding, ok, warn
from .patient import Patient, pipelines_of

# Each may be as large as pictures may be.
_SAMPLE = 3


def errors(patient: Patient) -> Iterator[Finding]:
    """Documents that were stored with an error, by code."""
    if not patient.indices:
        return
    answer = patient.client.search(
        index=list(patient.indices),
        size=0,
        query={"exists": {"field": "image.error.code"}},
        aggs={"codes": {"terms": {"field": "image.error.code", "size": 20}}},
        track_total_hits=True,
    ).body
    count = answer["hits"]["total"]["value"]
    if not count:
        yield ok("no document has an error")
        return
    buckets = answer["aggregations"]["codes"]["buckets"]
    codes = ", ".join(f"{bucket['doc_count']} {bucket['key']}" for bucket in buckets)
    yield warn(
        f"{counted(count, 'document')} stored with an error: {codes}",
        f"look at them with GET {','.join(patient.patterns)}/_search?q=_exists_:image.error.code&"
        "_source_includes=image.error; docs/service.md says what the codes mean; when the cause is gone, ingest-image "
        f"reprocess {_all(patient)} --errors",
    )


def unprocessed(patient: Patient) -> Iterator[Finding]:
    """Pictures that passed no pipeline, as a bulk `update` or `?pipeline=_none` store them."""
    if not patient.indices:
        return
    # Elasticsearch cannot search for what has a binary field, so some of those that have nothing else are looked at.
    done = [{"exists": {"field": field}} for field in ("image.sha256", "image.error.code")]
    answer = patient.client.search(
        index=list(patient.indices),
        size=_SAMPLE,
        query={"bool": {"must_not": done}},
        source={"includes": ["image.data"]},
        track_total_hits=True,
    ).body
    hits = answer["hits"]["hits"]
    pictures = sum(bool(hit.get("_source", {}).get("image")) for hit in hits)
    if pictures:
        yield warn(
            f"pictures were stored as they came: {counted(answer['hits']['total']['value'], 'document')} with neither "
            f"fields nor an error, and {pictures} of {len(hits)} that were looked at hold a picture",
            f"ingest-image reprocess {_all(patient)} --unprocessed; with index.final_pipeline only a bulk update "
            "passes by",
        )
    else:
        yield ok("no picture was stored as it came")


def stale(patient: Patient) -> Iterator[Finding]:
    """Pictures that were made by another recipe than their index's pipeline has now."""
    recipes = {name: _recipes(patient, name) for name in patient.pipelines}
    count = 0
    for index, entry in patient.indices.items():
        # The final pipeline runs last, so its recipe is what stays.
        last = {target: (name, recipe) for name in pipelines_of(entry) for target, recipe in recipes[name].items()}
        for target, (name, recipe) in last.items():
            stale = patient.client.count(index=index, query=stale_query(target, recipe)).body["count"]
            count += stale
            if stale:
                yield warn(
                    f"{counted(stale, 'document')} of {index} made by another recipe than the pipeline {name} has now",
                    f"ingest-image reprocess {index} --stale, when they should all be alike",
                )
    if any(recipes.values()) and not count:
        yield ok("every picture was made by its pipeline's present recipe")


def _all(patient: Patient) -> str:
    """All indices that are looked at, for a shell."""
    return shlex.quote(",".join(patient.patterns))


def _recipes(patient: Patient, name: str) -> dict[str, str]:
    try:
        return current_recipes(patient.client, name)
    except (CheckFailed, NotFoundError):
        # Said by the checks of the service and the indices.
        return {}
