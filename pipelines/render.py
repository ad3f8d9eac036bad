"""Write what is generated: in the definitions the mapping of `image` and each file's fingerprint; Kibana's objects; the
inference form of the pipelines.

`python -m pipelines.render` writes, `--check` only says what is stale (exit code 1).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from processor_service.fields import mapping

from .inference import console
from .kibana import objects
from .resources import DEFINITIONS, fingerprint

_WIDTH = 110


@click.command()
@click.option("--check", is_flag=True, help="write nothing; exit with 1 when a file is stale")
def main(check: bool) -> None:
    """Render the generated parts of the definitions."""
    stale = [(path, text) for path, text in rendered() if not path.exists() or path.read_text("utf-8") != text]
    for path, text in stale:
        name = path.relative_to(DEFINITIONS.parent.parent)
        if check:
            click.echo(f"{name} is stale: run python -m pipelines.render", err=True)
        else:
            path.write_text(text, "utf-8")
            click.echo(f"wrote {name}")
    if check and stale:
        raise SystemExit(1)


def rendered() -> Iterator[tuple[Path, str]]:
    """Every generated file with the text it should have."""
    yield objects.FILE, objects.ndjson(objects.saved_objects())
    for path in sorted(DEFINITIONS.rglob("*.json")):
        body = json.loads(path.read_text("utf-8"))
        if path.parent.name == "index_templates":
            body["template"]["mappings"]["properties"]["image"] = mapping()
        body["_meta"]["fingerprint"] = fingerprint(body)
        yield path, to_json(body) + "\n"
    yield console.FILE, console.text(to_json)


def to_json(value: Any, indent: int = 0) -> str:
    """JSON for people: what fits on a line stays on one, the rest is broken and indented by two."""
    flat = json.dumps(value, ensure_ascii=False)
    if (
        not isinstance(value, dict | list)
        or not value
        or (indent and indent + len(flat) <= _WIDTH and _is_small(value))
    ):
        return flat
    pad = " " * (indent + 2)
    if isinstance(value, dict):
        items = [
            f"{pad}{json.dumps(key, ensure_ascii=False)}: {to_json(item, indent + 2)}" for key, item in value.items()
        ]
    else:
        items = [pad + to_json(item, indent + 2) for item in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return opening + "\n" + ",\n".join(items) + "\n" + " " * indent + closing


def _is_small(value: Any) -> bool:
    """Whether a reader takes it in at a glance: no long list of objects inside."""
    children = list(value.values()) if isinstance(value, dict) else value
    nested = [child for child in children if isinstance(child, dict | list) and child]
    return len(nested) <= 1 and all(_is_small(child) for child in nested)


if __name__ == "__main__":
    main()
