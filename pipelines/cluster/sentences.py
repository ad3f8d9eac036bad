"""What to do about errors of Elasticsearch, the plugin and the service, in a sentence."""

from __future__ import annotations

import re
from typing import Any

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
        "there, to its IMAGE_KNOWN_AS; if it is not its address, somebody forwards requests that "
        "were meant for another host"
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

# What Elasticsearch says of an object in such a field names neither.
_IN_A_BINARY_FIELD = (
    "the field of the picture is mapped as binary, which takes no object: let the processor write elsewhere with "
    '"target_field": "image", or map the field as the component template ingest-image does'
)

# The code that the pipelines without the plugin give when the call to their endpoint fails.
INFERENCE_FAILED = "inference_failed"
# The plugin's refusal of a pipeline that asks for what the service lacks.
RECOGNITION_OFF = "recognition_off"


class CheckFailed(Exception):
    """A check did not pass; the text is the sentence for the user. `code` is that of the picture's failure, if any."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


def diagnose(reason: str) -> str:
    """What to do about a failure that Elasticsearch gave this reason for."""
    if re.search(r"No processor type exists with name \[image\]|Processor type \[image\] is not installed", reason):
        return f"the plugin ingest-image is missing: {INSTALL} ({reason})"
    if "ingest.image." in reason and "not recognized" in reason:
        return f"the elected master does not know the setting, so the plugin ingest-image is missing there: {INSTALL}"
    if re.search(
        r"Malformed content, found extra data after parsing|failed to parse field \[.+\] of type \[binary\]", reason
    ):
        return f"{_IN_A_BINARY_FIELD} ({reason})"
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
