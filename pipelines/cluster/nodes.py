"""The nodes that run pipelines, and the settings of the cluster."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from elasticsearch import Elasticsearch

from ..resources import Body

HOSTS_SETTING = "ingest.image.hosts"
# From this version on vectors are left out of _source unless requested.
_VECTORS_LEFT_OUT = (9, 2)


def ingest_nodes(client: Elasticsearch, parts: Sequence[str]) -> list[Body]:
    """Name, version and these parts (`plugins.name`, `settings`, ...) of each node with ingest role.

    Raises AuthorizationException without the privilege `monitor`.
    """
    answer = client.nodes.info(
        metric=sorted({part.partition(".")[0] for part in parts}),
        flat_settings=True,
        filter_path=[f"nodes.*.{part}" for part in ("name", "version", "roles", *parts)],
    ).body
    return [node for node in answer.get("nodes", {}).values() if "ingest" in node.get("roles", ["ingest"])]


def cluster_settings(client: Elasticsearch) -> Body:
    """Flat settings by layer: `transient`, `persistent`, and `defaults`, those of the node that answers."""
    return dict(client.cluster.get_settings(flat_settings=True, include_defaults=True).body)


def set_in_cluster(settings: Body, name: str) -> Any:
    """The value that the cluster's settings give to `name`; None when they leave it to the nodes."""
    return next((settings[layer][name] for layer in ("transient", "persistent") if name in settings[layer]), None)


def as_list(value: Any) -> list[str]:
    """A setting that holds a list; one text with commas means the same."""
    if isinstance(value, list):
        return [str(item) for item in value]
    return [part.strip() for part in str(value or "").split(",") if part.strip()]


def leaves_out_vectors(client: Elasticsearch) -> bool:
    """Whether this Elasticsearch returns documents without their vectors unless it is told otherwise."""
    version = client.info().body["version"]["number"].split(".")
    return (int(version[0]), int(version[1])) >= _VECTORS_LEFT_OUT
