"""The generated parts of `pipelines/`: the mapping of `image`, fingerprints, Kibana's objects, the inference form."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from pipelines.json_text import to_json
from pipelines.kibana import objects
from pipelines.resources import DEFINITIONS, fingerprint
from processor_service.wire.fields import mapping

from . import inference_console


def rendered() -> Iterator[tuple[Path, str]]:
    """Every generated file with the text it should have."""
    yield objects.FILE, objects.ndjson(objects.saved_objects())
    for path in sorted(DEFINITIONS.rglob("*.json")):
        body = json.loads(path.read_text("utf-8"))
        if path.parent.name in ("component_templates", "index_templates"):
            body["template"]["mappings"]["properties"]["image"] = mapping()
        body["_meta"]["fingerprint"] = fingerprint(body)
        yield path, to_json(body) + "\n"
    yield inference_console.FILE, inference_console.text()
