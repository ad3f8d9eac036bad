"""What `ingest-image bootstrap` installs, what it says, and what a node has of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from click.testing import Result
from elasticsearch import Elasticsearch

from pipelines.install.kinds import read
from pipelines.resources import Kind, Resource, bundled

RESOURCES = bundled()
TEMPLATE = next(r for r in RESOURCES if r.kind is Kind.TEMPLATE)
PIPELINE, RECOGNIZED = (
    next(r for r in RESOURCES if r.kind is Kind.PIPELINE and r.name == name) for name in ("images", "images-recognized")
)
Run = Callable[..., Result]


def installed(client: Elasticsearch) -> dict[str, Any]:
    """Everything that bootstrap could have changed."""
    return {
        "pipelines": client.options(ignore_status=404).ingest.get_pipeline().body,
        "templates": client.indices.get_index_template().body["index_templates"],
        "components": client.cluster.get_component_template().body["component_templates"],
        "settings": client.cluster.get_settings(flat_settings=True).body["persistent"],
    }


def lines(result: Result) -> list[str]:
    """What became of each resource, after the line about the bridge."""
    bridge, *rest = [line.split(" (")[0] for line in result.output.splitlines()]
    return rest if bridge == "bridge: plugin" else [bridge, *rest]


def stored(es: Elasticsearch, resource: Resource) -> dict[str, Any]:
    """What is installed under its name."""
    body = read(es, resource)
    assert body
    return body
