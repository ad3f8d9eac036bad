"""The indices that hold pictures: their pipeline, and how their fields are mapped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipelines.resources import DEFAULT_PIPELINE, Body, Kind
from pipelines.wording import counted, first_of

from .finding import Finding, Level, error, ok, warn
from .installation import Installation

_SHOWN = 8
# What an index has at least, for a codec to matter: documents, and bytes of each.
_MANY, _LARGE = 1000, 50 * 1024
_BLOCKS = ("read_only_allow_delete", "read_only", "write")


def indices(installation: Installation) -> Iterator[Finding]:
    """Every index has a default or final pipeline that exists, so no picture is stored unprocessed."""
    if not installation.indices:
        yield ok(f"no index {', '.join(installation.examined)} yet")
        return
    fine = 0
    for name, pipelines in installation.pipelines_by_index.items():
        absent = [pipeline for pipeline in pipelines if pipeline not in installation.installed]
        if absent:
            yield error(
                f"{name} names the pipeline {', '.join(absent)}, which does not exist: every write is refused",
                "run ingest-image bootstrap, or install it, or remove the setting: PUT "
                f'{name}/_settings {{"index.default_pipeline": null}}',
            )
        elif not pipelines:
            yield error(
                f"{name} has no pipeline: pictures are stored unprocessed",
                f'PUT {name}/_settings {{"index.default_pipeline": "{DEFAULT_PIPELINE}"}}, then ingest-image reprocess '
                f"{name} for the documents that are already there",
            )
        else:
            fine += 1
    if fine:
        yield ok(f"{fine} of {len(installation.indices)} indices have a pipeline")


def blocks(installation: Installation) -> Iterator[Finding]:
    """No index refuses writes, as Elasticsearch has it do when the disk is nearly full."""
    for name, entry in installation.indices.items():
        for block in _BLOCKS:
            if entry.get("settings", {}).get(f"index.blocks.{block}") == "true":
                full = block == "read_only_allow_delete"
                yield (error if full else warn)(
                    f"{name} refuses writes (index.blocks.{block})",
                    "free disk space; Elasticsearch lifts the block by itself, or PUT "
                    f'{name}/_settings {{"index.blocks.{block}": null}}'
                    if full
                    else "nothing, if that was intended",
                )


def mapping(installation: Installation) -> Iterator[Finding]:
    """The fields of `image` are mapped as the template says, above all `image.data` as `binary`.

    So are those of every other field into which a pipeline of the index puts pictures.
    """
    template = next(step.resource for step in installation.steps if step.resource.kind is Kind.TEMPLATE)
    properties = template.body["template"]["mappings"]["properties"]["image"]
    fine = 0
    for name, target, entry in _targets(installation):
        wanted = _types_below(properties, target)
        mapped = _types(entry.get("mappings", {}), target)
        if mapped.get(target, "object") not in ("object", "nested"):
            yield _no_object(name, target, mapped[target], installation.targets(name)[target])
            continue
        differing = {field: mapped[field] for field in wanted if field in mapped and mapped[field] != wanted[field]}
        missing = [field for field in wanted if field not in mapped]
        if f"{target}.data" in differing:
            field = f"{target}.data"
            yield error(
                f"{name}: {field} is mapped as {differing[field]}, not as {wanted[field]}: Elasticsearch guessed it "
                "from the first document, before there was a template; pictures take more disk and are "
                "searched as words",
                "make a new index with the template and copy the documents with _reindex; a mapping cannot be changed",
            )
        elif differing:
            others = [f"{field} as {there}, not {wanted[field]}" for field, there in differing.items()]
            yield warn(
                f"{name}: mapped differently from the template: {first_of(others, _SHOWN)}",
                "searches and facets for these fields may fail; to change them, make a new index and use _reindex",
            )
        if missing:
            yield warn(
                f"{name}: {counted(len(missing), 'field')} not mapped: {first_of(missing, _SHOWN)}",
                f"PUT {name}/_mapping with the properties of the template before the next picture, or "
                "Elasticsearch guesses; new indices get them from the component template ingest-image",
            )
        if not differing and not missing:
            fine += 1
    if fine:
        yield ok(f"{fine} of {sum(1 for _ in _targets(installation))} indices are mapped as the template says")


def codec(installation: Installation) -> Iterator[Finding]:
    """Indices that hold pictures in their documents could be smaller with `best_compression`; a hint, no fault."""
    for name, entry in installation.indices.items():
        if entry.get("settings", {}).get("index.codec", "default") != "default":
            continue
        primaries = installation.client.indices.stats(index=name, metric=["docs", "store"]).body["_all"]["primaries"]
        size, count = primaries.get("store", {}).get("size_in_bytes", 0), primaries.get("docs", {}).get("count", 0)
        if count >= _MANY and size // count >= _LARGE:
            yield Finding(
                Level.OK,
                f"{name} has {size // count // 1024} kB a document, with the default codec",
                "nothing needs to be done; new indices take about a quarter less after ingest-image bootstrap --codec "
                "best_compression (docs/performance.md), and a fraction with a store (docs/store.md)",
            )


def _targets(installation: Installation) -> Iterator[tuple[str, str, Body]]:
    """Each index with each field that holds its pictures, and what is known of the index."""
    for target, names in installation.indices_by_target.items():
        for name in names:
            yield name, target, installation.indices[name]


def _no_object(index: str, target: str, type: str, source: str) -> Finding:
    """A picture is an object of many fields, which such a field cannot hold."""
    what = f"{index}: {target} is mapped as {type}, and its pipeline puts an object there: every picture is refused"
    if target == source:
        return error(
            what,
            f'give the processor a "target_field" beside "field": "{source}", such as "target_field": "image", with '
            f"the mapping of the component template ingest-image; {target} itself stays as it is",
        )
    return error(what, "name another target_field in the pipeline, or make a new index with another mapping")


def _types(mapping: Mapping[str, Any], path: str) -> dict[str, str]:
    """Type by dotted name of the field at `path` and all below it."""
    field: Mapping[str, Any] | None = mapping
    for name in path.split("."):
        field = (field or {}).get("properties", {}).get(name)
    return {} if field is None else _types_below(field, path)


def _types_below(field: Mapping[str, Any], path: str) -> dict[str, str]:
    found = {path: field.get("type", "object")}
    for name, below in field.get("properties", {}).items():
        found |= _types_below(below, f"{path}.{name}")
    return found
