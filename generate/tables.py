"""The plugin's schema, and the tables in README and docs."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr
from pydantic_core import PydanticUndefined

from processor_service.embedders.model_folder import ImageInput, TextInput
from processor_service.errors import Code
from processor_service.features import Feature, all_features
from processor_service.formats.format import Format
from processor_service.formats.registry import FORMATS, extensions
from processor_service.operations import Operation, all_operations
from processor_service.registry import RecipeEntry
from processor_service.settings import Settings
from processor_service.web.monitoring.metrics import Metrics
from processor_service.wire.fields import all_fields
from processor_service.wire.schema import recipe_schema

from . import limits, program
from .markdown import metrics, table

ROOT = Path(__file__).parent.parent
SCHEMA = ROOT / "elasticsearch_plugin/src/main/resources/recipe-schema.json"
# A table is rendered into each Markdown file that has its pair of markers.
DOCS = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))


def rendered() -> Iterable[tuple[Path, str]]:
    """Every generated file with the text it should have."""
    yield SCHEMA, json.dumps(recipe_schema(), indent=1, sort_keys=True) + "\n"
    tables = {
        "operations": _summary_table(all_operations()),
        "properties": _summary_table(all_features()),
        "operation-parameters": _parameters(all_operations()),
        "property-parameters": _parameters(all_features()),
        "fields": table(
            ("field", "meaning", "type"), ((f"`{f.name}`", f.meaning, _type(f.mapping)) for f in all_fields())
        ),
        "errors": table(
            ("code", "status", "retry", "meaning"),
            ((f"`{c.code}`", str(int(c.status)), "yes" if c.retryable else "no", c.meaning) for c in Code),
        ),
        "settings": table(("variable", "default", "meaning"), _settings()),
        "limits": limits.limits(),
        "fixed_limits": limits.fixed(),
        "rare-formats": _rare_formats(),
        "embedder-image": _model_part("image", ImageInput),
        "embedder-text": _model_part("text", TextInput),
        "metrics": metrics(Metrics().registry.collect()),
        **program.tables(),
    }
    for path in DOCS:
        text = path.read_text() if path.exists() else ""
        for name, text_of in tables.items():
            pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
            text = pattern.sub(rf"\g<1>{_literal(text_of)}\g<2>", text)
        if text:
            yield path, text


def _literal(text: str) -> str:
    """Text as it is, in the replacement of a regular expression."""
    return text.replace("\\", "\\\\")


def _rare_formats() -> str:
    named = ", ".join(_named(one) for one in FORMATS if one.rare)
    return f"\n{_wrapped(f'The rare formats are {named}.')}\n\n"


def _named(one: Format) -> str:
    """Its name in documents, and what its files are called when that is something else."""
    others = sorted(extensions((one,)) - {one.name})
    return f"`{one.name}`" + (f" ({', '.join(f'`.{ending}`' for ending in others)})" if others else "")


def _summary_table(declared: dict[str, type[RecipeEntry]]) -> str:
    rows = (
        (f"`{name}`", kind.summary(), f"`{json.dumps({name: kind.example}, ensure_ascii=False)}`")
        for name, kind in declared.items()
    )
    return table(("name", "what it does", "example"), rows)


def _parameters(declared: dict[str, type[RecipeEntry]]) -> str:
    parts = []
    for name, kind in declared.items():
        produces = (
            f" Fields: {', '.join(f'`{field}`' for field in kind.produces())}." if issubclass(kind, Feature) else ""
        )
        schema = kind.model_json_schema()
        rows = [
            (f"`{key}`", _range(parameter), _default(kind, key), kind.model_fields[key].description or "")
            for key, parameter in schema.get("properties", {}).items()
        ]
        rows_of = table(("parameter", "values", "default", "meaning"), rows) if rows else "No parameters.\n"
        example = f"```json\n{json.dumps({name: kind.example}, ensure_ascii=False)}\n```\n"
        summary, *more = kind.paragraphs()
        if issubclass(kind, Operation):
            more.append(f"Of an animation: {kind.on_animations}.")
        prose = "".join(f"{_wrapped(paragraph)}\n\n" for paragraph in (summary + produces, *more))
        parts.append(f"### {name}\n\n{prose}{example}\n{rows_of}\n")
    return "\n" + "".join(parts)


def _wrapped(paragraph: str) -> str:
    return textwrap.fill(paragraph, 120, break_long_words=False, break_on_hyphens=False)


def _range(parameter: dict[str, Any]) -> str:
    if "anyOf" in parameter:
        return " or ".join(_range(part) for part in parameter["anyOf"] if part.get("type") != "null")
    if "enum" in parameter:
        return ", ".join(f"`{value}`" for value in parameter["enum"])
    if "const" in parameter:
        return f"`{parameter['const']}`"
    if parameter.get("type") == "array":
        return f"list of {_range(parameter.get('items', {}))}"
    if "#" in parameter.get("pattern", ""):
        clear = ", `#rrggbbaa`, `transparent`" if "transparent" in parameter["pattern"] else ""
        return f"colour `#rgb`, `#rrggbb`, `black`, `white`, `gray`{clear}"
    low = parameter.get("minimum", parameter.get("exclusiveMinimum"))
    high = parameter.get("maximum")
    return (
        f"{parameter.get('type', 'object')} {_number(low)} to {_number(high)}"
        if low is not None and high is not None
        else str(parameter.get("type", "object"))
    )


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:g}"


def _model_part(name: str, part: type[BaseModel]) -> str:
    rows = ((f"`{key}`", _default(part, key), field.description or "") for key, field in part.model_fields.items())
    return table((f"`{name}`", "default", "meaning"), rows)


def _default(kind: type[BaseModel], name: str) -> str:
    default = kind.model_fields[name].get_default(call_default_factory=True)
    return (
        "required"
        if default is PydanticUndefined
        else ""
        if default is None
        else f"`{json.dumps(default, default=str)}`"
    )


def _settings() -> Iterable[tuple[str, str, str]]:
    for name, field in Settings.model_fields.items():
        # Lists are written with commas.
        value = ", ".join(field.default) if isinstance(field.default, tuple) else field.default
        default = "" if value in (PydanticUndefined, None, SecretStr(""), "") else f"`{value}`"
        yield f"`IMAGE_{name.upper()}`", default, field.description or ""


def _type(mapping: dict[str, Any]) -> str:
    return f"`{mapping['type']}`"
