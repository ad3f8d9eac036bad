"""The inference way as requests for Dev Tools: what `bootstrap` sends, to be read or pasted."""

from __future__ import annotations

import json
import re

from pipelines.inference.endpoints import PREFIX, endpoint_body
from pipelines.inference.form import inference_pipeline
from pipelines.inference.options import image_options
from pipelines.json_text import to_json
from pipelines.resources import DEFINITIONS, Kind, bundled

FILE = DEFINITIONS / "inference_way.console"
_HEAD = """\
# The pipelines without our plugin (docs/inference-way.md): inference endpoints, and pipelines that ask them
#
# Rendered from the definitions in this folder (make generated). Replace the address of the service and the API token
# (`ingest-image api-token` prints it).
# The index template is the same as with the plugin. It needs an Enterprise licence or a trial:
#
# POST _license/start_trial?acknowledge=true
"""
# A string with line breaks in a JSON text.
_LINES = re.compile(r'"(?:[^"\\]|\\.)*\\n(?:[^"\\]|\\.)*"')


def text() -> str:
    """The requests, in the order in which they can be sent."""
    requests = []
    for resource in bundled():
        if resource.kind is not Kind.PIPELINE:
            continue
        id_ = f"{PREFIX}{resource.name}"
        body = endpoint_body(image_options(resource.body), "custom", "http://service:8090", "<API token>")
        requests.append(f"PUT _inference/completion/{id_}\n{to_json(body)}\n")
        requests.append(
            f"PUT _ingest/pipeline/{resource.name}\n{_readable(to_json(inference_pipeline(resource.body, id_)))}\n"
        )
    return "\n".join([_HEAD, *requests])


def _readable(text: str) -> str:
    """Scripts as lines between three quotes, as Dev Tools accepts them."""
    return _LINES.sub(lambda found: f'"""{json.loads(found[0])}"""', text)
