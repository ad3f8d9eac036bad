"""Checks after an installation: a test picture gets through, and new indices get the pipeline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from elasticsearch import ApiError, AuthorizationException, Elasticsearch

from ..cluster.index_pipelines import SETTINGS, settings_by_index, settings_of_new_index
from ..cluster.nodes import leaves_out_vectors
from ..cluster.reasons import reason_of
from ..cluster.sentences import CheckFailed, diagnose, diagnose_error
from ..cluster.simulate import TINY_PNG, simulated
from ..cluster.sources import nested, value_at
from ..resources import DEFAULT_PIPELINE


def process_tiny_picture(
    client: Elasticsearch, pipeline: str = DEFAULT_PIPELINE, source: str = "image", target: str = "image"
) -> str:
    """Send a tiny picture through the pipeline and store nothing; returns a sentence about it or raises CheckFailed."""
    try:
        made = simulated(client, pipeline, nested(source, {"data": TINY_PNG}))
    except ApiError as error:
        raise CheckFailed(diagnose(reason_of(error))) from error
    image = value_at(made, target)
    image = image if isinstance(image, dict) else {}
    if "error" in image:
        raise CheckFailed(f"the pipeline {pipeline} refuses the test picture: {diagnose_error(image['error'])}")
    if "sha256" not in image:
        raise CheckFailed(
            f"the pipeline {pipeline} left the test picture as it was; was its processor removed by hand?"
        )
    return f"the pipeline {pipeline} turned a test picture of 4 x 3 pixels into {image.get('format')}"


def zstd(client: Elasticsearch) -> None:
    """Raise CheckFailed when a node cannot write the codec `best_compression`.

    Elasticsearch itself creates such an index, and then refuses every document with 500. Distributions have zstd; a
    node that was put together from jars (`build_type` is `unknown`, docs/embedded-node.md) has it only in line 8.
    """
    parts = ["nodes.*.name", "nodes.*.version", "nodes.*.build_type"]
    for node in client.nodes.info(filter_path=parts).body.get("nodes", {}).values():
        if node.get("build_type") == "unknown" and not node["version"].startswith("8."):
            raise CheckFailed(
                f"the node {node['name']} is an embedded node of Elasticsearch {node['version']}, which has no native "
                "zstd: an index with the codec best_compression would refuse every document. Leave --codec out here, "
                "or use an embedded node of 8.19 or a downloaded Elasticsearch"
            )


def vectors(client: Elasticsearch) -> None:
    """Raise CheckFailed when this Elasticsearch has no such choice: before 9.2 vectors are in `_source`."""
    if not leaves_out_vectors(client):
        raise CheckFailed(
            "this Elasticsearch has vectors in _source in any case: --vectors in-source is for 9.2 and later. Leave "
            "--vectors out here"
        )


def remarks(client: Elasticsearch, patterns: Sequence[str]) -> Iterator[str]:
    """What a user would not expect: another template that wins, indices older than the template."""
    for pattern in patterns:
        try:
            yield from other_template(client, pattern)
            yield from _older_indices(client, pattern)
        except AuthorizationException:
            return


def other_template(client: Elasticsearch, pattern: str) -> Iterator[str]:
    """A sentence when a new index of this pattern would not get the pipeline."""
    name = pattern.replace("*", "") or "example"
    if settings_of_new_index(client, name)[SETTINGS[0]] != DEFAULT_PIPELINE:
        yield (
            f"a new index {name} would not get the pipeline: another index template has a higher priority, or ours was "
            f"changed by hand (see POST _index_template/_simulate_index/{name})"
        )


def _older_indices(client: Elasticsearch, pattern: str) -> Iterator[str]:
    settings = settings_by_index(client, pattern)
    existing = client.indices.resolve_index(name=pattern).body["indices"]
    names = [
        index["name"] for index in existing if not settings.get(index["name"]) and not index["name"].startswith(".")
    ]
    if names:
        yield (
            f"already there before the template, so without pipeline and mapping: {', '.join(names)} "
            f'(PUT {",".join(names)}/_settings {{"index.default_pipeline": "{DEFAULT_PIPELINE}"}} gives new documents '
            "the pipeline; the mapping of image should be in place before the first picture)"
        )
