"""Resources as other versions of the program bring them."""

from __future__ import annotations

import copy
from typing import Any

from pipelines.resources import Resource, fingerprint


def at_version(resource: Resource, version: int) -> dict[str, Any]:
    """What another version of the program would install: other content, a right fingerprint."""
    body = copy.deepcopy(resource.body)
    body["version"] = version
    body["_meta"]["fingerprint"] = fingerprint(body)
    return body
