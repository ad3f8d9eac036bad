"""Looks whether an installation works, and says in a sentence what is wrong when it does not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from elasticsearch import ApiError, AuthorizationException, Elasticsearch

from .client import reason_of

# 4 x 3 pixels, red with one blue one.
TINY_PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAQAAAADCAIAAAA7ljmRAAAAH0lEQVR42mOUkzuxiiGMgYGBgYGB8YScHAMMMDEgAQBgygMNovl2zQAAAABJ"
    "RU5ErkJggg=="
)
DEFAULT_PIPELINE = "images"

INSTALL = (
    "install the zip of exactly this version on every node with ingest role (bin/elasticsearch-plugin install "
    "file:///path/ingest-image-<plugin version>-es<node version>.zip) and restart it"
)
_ADVICE = {
    "service_unauthorized": (
        "the service refuses the node's token: IMAGE_TOKEN of the service and ingest.image.token in the keystore of "
        "every node must be the same (after a change: POST _nodes/reload_secure_settings)"
    ),
    "clock_skew": (
        "the clocks of a node and of the processor service are too far apart: set both, best by NTP, or allow more "
        "with the service's IMAGE_CLOCK_SKEW"
    ),
    "wrong_host": (
        "the processor service does not know that it is the one in ingest.image.hosts: add the address, as it stands "
        "there, to its IMAGE_KNOWN_AS; if it is not its address, somebody hands requests on that are not theirs"
    ),
    "service_unavailable": (
        "the node cannot reach the processor service: start it (ingest-image serve) and give its address, as the "
        "nodes see it, with ingest-image bootstrap --service-url"
    ),
    "service_timeout": (
        "the processor service accepts calls but does not answer in time: look into its log and at its /readyz, and "
        "whether the address is the right one"
    ),
}

# The code that the pipelines without the plugin give when the call to their endpoint fails.
INFERENCE_FAILED = "inference_failed"

# The node itself gives up after `ingest.image.timeout`, 60 s by default, and its answer says more than ours would.
_PATIENCE = 90


class CheckFailed(Exception):
    """The sentence for the user."""


def process_tiny_picture(client: Elasticsearch, pipeline: str = DEFAULT_PIPELINE) -> str:
    """Send a tiny picture through the pipeline, storing nothing; returns a sentence about it or raises CheckFailed."""
    try:
        answer = (
            client.options(request_timeout=_PATIENCE)
            .ingest.simulate(id=pipeline, docs=[{"_source": {"image": {"data": TINY_PNG}}}])
            .body
        )
    except ApiError as error:
        raise CheckFailed(diagnose(reason_of(error))) from error
    result = answer["docs"][0]
    if "error" in result:
        raise CheckFailed(diagnose(reason_of_item(result["error"])))
    image = result["doc"]["_source"]["image"]
    if "error" in image:
        raise CheckFailed(f"the pipeline {pipeline} refuses the test picture: {diagnose_error(image['error'])}")
    if "sha256" not in image:
        raise CheckFailed(
            f"the pipeline {pipeline} left the test picture as it was; was its processor removed by hand?"
        )
    return f"the pipeline {pipeline} turned a test picture of 4 x 3 pixels into {image.get('format')}"


def reason_of_item(error: dict[str, Any]) -> str:
    """The innermost reason in the error of a bulk item or a simulated document."""
    while isinstance(error.get("caused_by"), dict) and error["caused_by"].get("reason"):
        error = error["caused_by"]
    return str(error.get("reason") or error.get("type"))


def diagnose(reason: str) -> str:
    """What to do about a failure that Elasticsearch gave this reason for."""
    if re.search(r"No processor type exists with name \[image\]|Processor type \[image\] is not installed", reason):
        return f"the plugin ingest-image is missing: {INSTALL} ({reason})"
    if "ingest.image." in reason and "not recognized" in reason:
        return f"the elected master does not know the setting, so it lacks the plugin ingest-image: {INSTALL}"
    code = re.match(r"\[(\w+)\]", reason)
    if code and code[1] == INFERENCE_FAILED:
        return diagnose_endpoint(reason[code.end() :].strip())
    advice = _ADVICE.get(code[1]) if code else None
    return f"{advice} ({reason})" if advice else reason


def diagnose_error(error: dict[str, Any]) -> str:
    """What to do about the error that a pipeline stored with the test picture."""
    reason = str(error.get("reason"))
    return diagnose_endpoint(reason) if error.get("code") == INFERENCE_FAILED else reason


def diagnose_endpoint(reason: str, url: str | None = None) -> str:
    """What to do when an inference endpoint, whose service is at `url`, cannot be created or does not answer."""
    if re.search(r"endpoint not found|unknown model|No such model", reason, re.IGNORECASE):
        return f"the inference endpoint is gone: run ingest-image bootstrap ({reason})"
    if re.search(r"unauthorized|authentication|\b401\b", reason, re.IGNORECASE):
        return f"the service refuses the token: set IMAGE_TOKEN, here too, to the one of the service ({reason})"
    if re.search(r"connect|refused|unreachable|unknown ?host|timed? ?out|Failed to send", reason, re.IGNORECASE):
        return (
            f"Elasticsearch cannot reach the processor service{f' at {url}' if url else ''}: start it (ingest-image "
            f"serve) and give its address, as the nodes see it, with --service-url of bootstrap ({reason})"
        )
    return f"Elasticsearch's inference endpoint does not work: {reason}"


def remarks(client: Elasticsearch, patterns: Sequence[str]) -> Iterator[str]:
    """What does not do what the reader would expect: another template that wins, indices older than the template."""
    for pattern in patterns:
        try:
            yield from other_template(client, pattern)
            yield from _older_indices(client, pattern)
        except AuthorizationException:
            return


def other_template(client: Elasticsearch, pattern: str) -> Iterator[str]:
    """A sentence when a new index of this pattern would not get the pipeline."""
    name = pattern.replace("*", "") or "example"
    answer = client.indices.simulate_index_template(name=name).body
    settings = answer.get("template", {}).get("settings", {}).get("index", {})
    if settings.get("default_pipeline") != DEFAULT_PIPELINE:
        yield (
            f"a new index {name} would not get the pipeline: another index template has a higher priority, or ours was "
            f"changed by hand (see POST _index_template/_simulate_index/{name})"
        )


def _older_indices(client: Elasticsearch, pattern: str) -> Iterator[str]:
    settings = client.indices.get_settings(
        index=pattern, name=["index.default_pipeline", "index.final_pipeline"], flat_settings=True
    ).body
    existing = client.indices.resolve_index(name=pattern).body["indices"]
    names = [
        index["name"]
        for index in existing
        if not settings.get(index["name"], {}).get("settings") and not index["name"].startswith(".")
    ]
    if names:
        yield (
            f"already there before the template, so without pipeline and mapping: {', '.join(names)} "
            f'(PUT {",".join(names)}/_settings {{"index.default_pipeline": "{DEFAULT_PIPELINE}"}} gives new documents '
            "the pipeline; the mapping of image should be in place before the first picture)"
        )
