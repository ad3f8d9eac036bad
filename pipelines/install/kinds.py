"""Reading, writing and deleting one resource of each kind."""

from __future__ import annotations

from elasticsearch import Elasticsearch, NotFoundError

from ..cluster.nodes import HOSTS_SETTING, as_list
from ..inference import endpoints
from ..resources import Body, Kind, Resource

# A node that starts without the plugin moves the plugin's settings under this prefix.
_ARCHIVED = "archived."


def read(client: Elasticsearch, resource: Resource) -> Body | None:
    """What is installed under the resource's name; None when nothing is."""
    try:
        if resource.kind is Kind.PIPELINE:
            pipelines = client.ingest.get_pipeline(id=resource.name).body
            body: Body | None = pipelines.get(resource.name)
            return body
        if resource.kind is Kind.TEMPLATE:
            templates = client.indices.get_index_template(name=resource.name).body["index_templates"]
            found: Body = templates[0]["index_template"]
            return found
        if resource.kind is Kind.COMPONENT:
            components = client.cluster.get_component_template(name=resource.name).body["component_templates"]
            component: Body = components[0]["component_template"]
            return component
        if resource.kind is Kind.ENDPOINT:
            return dict(client.inference.get(task_type="completion", inference_id=resource.name).body)
    except NotFoundError:
        return None
    settings = _settings(client, resource)
    return {"value": as_list(next(iter(settings.values())))} if settings else None


def write(client: Elasticsearch, resource: Resource, body: Body) -> None:
    """Create or replace the resource with `body`."""
    if resource.kind is Kind.PIPELINE:
        client.ingest.put_pipeline(id=resource.name, body=body)
    elif resource.kind is Kind.TEMPLATE:
        client.indices.put_index_template(name=resource.name, body=body)
    elif resource.kind is Kind.COMPONENT:
        client.cluster.put_component_template(name=resource.name, body=body)
    elif resource.kind is Kind.ENDPOINT:
        endpoints.create(client, resource)
    else:
        client.cluster.put_settings(persistent={resource.name: body["value"]})


def delete(client: Elasticsearch, resource: Resource) -> None:
    """Remove the resource, which must exist."""
    if resource.kind is Kind.PIPELINE:
        client.ingest.delete_pipeline(id=resource.name)
    elif resource.kind is Kind.TEMPLATE:
        client.indices.delete_index_template(name=resource.name)
    elif resource.kind is Kind.COMPONENT:
        client.cluster.delete_component_template(name=resource.name)
    elif resource.kind is Kind.ENDPOINT:
        client.inference.delete(task_type="completion", inference_id=resource.name)
    else:
        client.cluster.put_settings(persistent=dict.fromkeys(_settings(client, resource)))


def _settings(client: Elasticsearch, resource: Resource) -> Body:
    persistent = client.cluster.get_settings(flat_settings=True).body["persistent"]
    return {name: persistent[name] for name in (resource.name, _ARCHIVED + resource.name) if name in persistent}


def hosts(urls: list[str]) -> Resource:
    """The cluster setting that tells the nodes where the processor service is."""
    return Resource(Kind.SETTING, HOSTS_SETTING, {"value": [url.rstrip("/") for url in urls]})
