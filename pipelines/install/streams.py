"""Data streams: an index template of their name, and a pipeline that gives documents their time."""

from __future__ import annotations

import copy
from collections.abc import Sequence

from elasticsearch import AuthorizationException, Elasticsearch, NotFoundError

from ..cluster.nodes import ingest_nodes
from ..resources import DEFAULT_PIPELINE, Body, Kind, Resource, is_ours, marked

PIPELINE = "images-stream"
TIMESTAMP = "@timestamp"
# When a document came in, unless it says so itself.
_SET_TIMESTAMP: Body = {"set": {"field": TIMESTAMP, "value": "{{{_ingest.timestamp}}}", "override": False}}


def resources(
    client: Elasticsearch, definitions: Sequence[Resource], names: Sequence[str], retention: str | None
) -> list[Resource]:
    """What streams need besides `definitions`, of which it is made: a pipeline, and a template for each stream.

    Streams are those of `names`, and those that were installed before. Without `retention` they keep their own. The
    pipeline is missing if a node has no `set` processor, as embedded nodes do: then documents have to bring their
    `@timestamp`.
    """
    retentions = {one.name: _retention(one.body) for one in installed(client) if one.kind is Kind.TEMPLATE}
    retentions |= {name: retention or retentions.get(name) for name in names}
    if not retentions:
        return []
    pipeline = next(one for one in definitions if (one.kind, one.name) == (Kind.PIPELINE, DEFAULT_PIPELINE))
    template = next(one for one in definitions if one.kind is Kind.TEMPLATE)
    with_time = {
        **pipeline.body,
        "description": f"As `{DEFAULT_PIPELINE}`, for data streams: `{TIMESTAMP}` is set if it is missing",
        "processors": [_SET_TIMESTAMP, *pipeline.body["processors"]],
    }
    made = [Resource(Kind.PIPELINE, PIPELINE, marked(with_time))] if can_set_time(client) else []
    used = PIPELINE if made else DEFAULT_PIPELINE
    return made + [
        Resource(Kind.TEMPLATE, name, _template(template.body, name, used, kept)) for name, kept in retentions.items()
    ]


def _template(indices: Body, name: str, pipeline: str, retention: str | None) -> Body:
    body = copy.deepcopy(indices)
    body |= {
        "index_patterns": [name],
        # The name may match the pattern of the other template.
        "priority": indices["priority"] + 1,
        "data_stream": {"hidden": False, "allow_custom_routing": False},
    }
    # What users add, such as a policy for tiers, without a change of this template.
    body["composed_of"] = body["ignore_missing_component_templates"] = [f"{name}@custom"]
    template = body["template"]
    template["settings"]["index"]["default_pipeline"] = pipeline
    template["mappings"]["properties"] = {TIMESTAMP: {"type": "date"}} | template["mappings"]["properties"]
    template["lifecycle"] = {"enabled": True} | ({"data_retention": retention} if retention else {})
    return marked(body)


def can_set_time(client: Elasticsearch) -> bool:
    """Whether every node has the processor `set`."""
    nodes = ingest_nodes(client, ["ingest.processors.type"])
    return all({"type": "set"} in node.get("ingest", {}).get("processors", []) for node in nodes)


def _retention(template: Body) -> str | None:
    lifecycle = template.get("template", {}).get("lifecycle", {})
    return str(lifecycle["data_retention"]) if "data_retention" in lifecycle else None


def installed(client: Elasticsearch) -> list[Resource]:
    """What is there of ours for data streams: templates, and the pipeline before them."""
    templates = [
        Resource(Kind.TEMPLATE, one["name"], one["index_template"])
        for one in client.indices.get_index_template().body["index_templates"]
        if "data_stream" in one["index_template"] and is_ours(one["index_template"])
    ]
    try:
        body = client.ingest.get_pipeline(id=PIPELINE).body[PIPELINE]
    except (NotFoundError, KeyError):
        return templates
    return [Resource(Kind.PIPELINE, PIPELINE, body), *templates]


def is_stream(client: Elasticsearch, name: str) -> bool:
    """Whether documents of this name go into a data stream, which is there or will be made by the first of them.

    False if the user may read neither indices nor templates.
    """
    try:
        return exists(client, name) or any(
            resource.kind is Kind.TEMPLATE and resource.name == name for resource in installed(client)
        )
    except AuthorizationException:
        return False


def exists(client: Elasticsearch, name: str) -> bool:
    """Whether there is a data stream of this name."""
    try:
        found = client.indices.resolve_index(name=name).body
    except NotFoundError:
        return False
    return any(stream["name"] == name for stream in found["data_streams"])
