"""Inference endpoints: creates ours, and finds those that are installed."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Iterator
from typing import Literal

from elasticsearch import ApiError, AuthorizationException, Elasticsearch

from processor_service.keys import api_token
from processor_service.settings import Settings
from processor_service.wire.inference_way import CHAT_PATH, COMPLETION_PATH

from ..cluster.index_pipelines import installed_pipelines
from ..cluster.reasons import reason_of
from ..cluster.sentences import CheckFailed, diagnose_endpoint
from ..resources import Body, Kind, Resource
from .form import inference_pipeline
from .options import ImageOptions, image_options

Service = Literal["custom", "openai"]
PREFIX = "ingest-image-"
DEFAULT_URL = f"http://127.0.0.1:{Settings.model_fields['port'].default}"
_PATHS: dict[Service, str] = {"custom": COMPLETION_PATH, "openai": CHAT_PATH}
_OURS = re.compile(rf"{PREFIX}.+-[0-9a-f]{{8}}")
# Both services have default limits that are meant for paid services.
_RATE_LIMIT = {"requests_per_minute": 10_000}


def endpoint(pipeline: str, options: ImageOptions, service: Service, url: str, token: str) -> Resource:
    """The endpoint of a pipeline.

    Its id ends in a hash of everything in it, the token included, so a changed endpoint has another id. The new one
    is created before the pipeline names it, and the old one is deleted when no pipeline names it any more.
    """
    # Whoever redirects the endpoint gets only the API token, not the token of the nodes.
    secret = api_token(token) if token else ""
    body = endpoint_body(options, service, url, secret)
    key = f"ingest-image endpoint v1\n{secret}".encode()
    content = json.dumps(endpoint_body(options, service, url, ""), sort_keys=True).encode()
    digest = hmac.new(key, content, hashlib.sha256).hexdigest()[:8]
    return Resource(Kind.ENDPOINT, f"{PREFIX}{pipeline}-{digest}", body)


def endpoint_body(options: ImageOptions, service: Service, url: str, secret: str) -> Body:
    """The body of `PUT _inference/completion/<id>`; the API token is in secret settings, which cannot be read back."""
    address = url.rstrip("/") + _PATHS[service]
    # Both need a secret; a service without a token ignores it.
    secret = secret or "none"
    if service == "openai":
        settings: Body = {"api_key": secret, "url": address, "model_id": json.dumps(options.recipe)}
    else:
        # Elasticsearch writes ${input} as a JSON string, quotes included.
        template = '{"input": ${input}'
        template += "".join(f", {json.dumps(key)}: {json.dumps(value)}" for key, value in options.recipe.items())
        settings = {
            "secret_parameters": {"token": secret},
            "url": address,
            "headers": {"Authorization": "Bearer ${token}", "Content-Type": "application/json"},
            "request": template + "}",
            "response": {"json_parser": {"completion_result": "$.result"}},
        }
    return {"service": service, "service_settings": settings | {"rate_limit": _RATE_LIMIT}}


def in_inference_form(definitions: Iterable[Resource], service: Service, url: str, token: str) -> list[Resource]:
    """The endpoints, then the definitions with pipelines that ask them. Raises NotExpressible."""
    endpoints, rest = [], []
    for resource in definitions:
        if resource.kind is Kind.PIPELINE:
            created = endpoint(resource.name, image_options(resource.body), service, url, token)
            endpoints.append(created)
            body = inference_pipeline(resource.body, created.name)
            rest.append(Resource(resource.kind, resource.name, body))
        else:
            rest.append(resource)
    return endpoints + rest


def create(client: Elasticsearch, resource: Resource) -> None:
    """Create the endpoint; Elasticsearch tries it with one call. Raises CheckFailed when that fails."""
    try:
        client.inference.put(task_type="completion", inference_id=resource.name, inference_config=resource.body)
    except AuthorizationException:
        raise
    except ApiError as error:
        raise CheckFailed(diagnose_endpoint(reason_of(error), resource.body["service_settings"]["url"])) from error


def installed(client: Elasticsearch) -> list[Body]:
    """Endpoints that this program made; none if the cluster has no endpoints, or the user may not list them."""
    try:
        answer = client.inference.get().body
    except ApiError:
        return []
    return [each for each in answer.get("endpoints", ()) if _OURS.fullmatch(each["inference_id"])]


def service_url(client: Elasticsearch) -> str:
    """The address in the installed endpoints; the default when there are none."""
    for each in installed(client):
        url = str(each["service_settings"].get("url", ""))
        for path in _PATHS.values():
            if url.endswith(path):
                return url.removesuffix(path)
    return DEFAULT_URL


def recipe_of(client: Elasticsearch, pipeline: Body) -> Body:
    """The recipe of a pipeline in inference form, which is in its endpoint; empty if that is gone or cannot be read."""
    text = json.dumps(pipeline)
    for each in installed(client):
        if json.dumps(each["inference_id"]) in text:
            settings = each["service_settings"]
            written = settings.get("model_id") or str(settings.get("request", "")).replace("${input}", "null")
            try:
                recipe = json.loads(written)
            except ValueError:
                return {}
            return recipe if isinstance(recipe, dict) else {}
    return {}


def left_over(client: Elasticsearch, wanted: Iterable[str] = ()) -> Iterator[tuple[Resource, list[str]]]:
    """Our endpoints except the wanted ones, each with the pipelines that still name it."""
    keep = set(wanted)
    others = [each["inference_id"] for each in installed(client) if each["inference_id"] not in keep]
    pipelines = installed_pipelines(client) if others else {}
    for id_ in sorted(others):
        users = [name for name, body in pipelines.items() if json.dumps(id_) in json.dumps(body)]
        yield Resource(Kind.ENDPOINT, id_, {}), sorted(users)
