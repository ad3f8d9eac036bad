"""The bundled definitions, and how an installed one is recognized and compared."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

MANAGED_BY = "ingest-image"
# The pipeline that the index template names.
DEFAULT_PIPELINE = "images"
DEFINITIONS = Path(__file__).parent / "definitions"

# Added by Elasticsearch itself.
_SERVER_KEYS = frozenset(
    {"created_date", "created_date_millis", "modified_date", "modified_date_millis"},
)

Body = dict[str, Any]


class Kind(Enum):
    """What can be installed; the value is what messages call it."""

    PIPELINE = "ingest pipeline"
    COMPONENT = "component template"
    TEMPLATE = "index template"
    SETTING = "cluster setting"
    ENDPOINT = "inference endpoint"


@dataclass(frozen=True)
class Resource:
    """One definition: what it is, its name in Elasticsearch, and the body of its PUT request."""

    kind: Kind
    name: str
    body: Body


def bundled() -> list[Resource]:
    """All definitions, pipelines before the template that names one of them."""
    folders = {
        Kind.PIPELINE: "ingest_pipelines",
        Kind.COMPONENT: "component_templates",
        Kind.TEMPLATE: "index_templates",
    }
    return [
        Resource(kind, path.stem, json.loads(path.read_text("utf-8")))
        for kind, folder in folders.items()
        for path in sorted((DEFINITIONS / folder).glob("*.json"))
    ]


def is_ours(body: Body) -> bool:
    """Whether this program (or somebody pasting its JSON) installed the resource."""
    return bool((body.get("_meta") or {}).get("managed_by") == MANAGED_BY)


def version_of(body: Body) -> int:
    """Version of a definition; 0 when it has none."""
    version = body.get("version")
    return version if isinstance(version, int) else 0


def fingerprint(body: Body) -> str:
    """Hash of a definition's content, the same for the file and for what Elasticsearch gives back.

    Index patterns, codec and the place of vectors are left out, because they are chosen when installing. The
    fingerprint in `_meta` is left out, too: an edited resource, of any version, no longer matches it.
    """
    # Elasticsearch adds empty parts, such as a template's `composed_of`.
    content = {key: value for key, value in without_server_keys(body).items() if value not in ([], {}, None)}
    content.pop("index_patterns", None)
    content["_meta"] = {key: value for key, value in (content.get("_meta") or {}).items() if key != "fingerprint"}
    template = content.get("template")
    if isinstance(template, dict) and "settings" in template:
        settings = _flat_settings(template["settings"])
        for chosen in ("index.codec", "index.mapping.exclude_source_vectors"):
            settings.pop(chosen, None)
        content["template"] = {**template, "settings": settings}
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()[:32]


def marked(body: Body) -> Body:
    """The definition with its own fingerprint in `_meta`."""
    return body | {"_meta": {**body["_meta"], "fingerprint": fingerprint(body)}}


def is_edited(installed: Body) -> bool:
    """Whether a resource of ours was changed after it was installed."""
    return bool((installed.get("_meta") or {}).get("fingerprint") != fingerprint(installed))


def without_server_keys(body: Body) -> Body:
    """The body as it can be PUT again: without the dates that newer servers add."""
    return {key: value for key, value in body.items() if key not in _SERVER_KEYS}


def _flat_settings(settings: Body, prefix: str = "") -> dict[str, str]:
    # Elasticsearch returns settings nested under `index`, with every value as a string.
    flat: dict[str, str] = {}
    for key, value in settings.items():
        if isinstance(value, dict):
            flat.update(_flat_settings(value, f"{prefix}{key}."))
        else:
            flat[prefix + key] = str(value).lower() if isinstance(value, bool) else str(value)
    return flat
