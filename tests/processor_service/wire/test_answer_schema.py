"""What the node believes of an answer's fields is rendered from the declared fields."""

from __future__ import annotations

from typing import Any

import pytest

from processor_service.features import all_features
from processor_service.fields import NOT_OURS
from processor_service.pipeline import process
from processor_service.settings import Settings
from processor_service.timing import Stopwatch
from processor_service.wire.answer_schema import answer_schemas
from processor_service.wire.fields import all_fields
from processor_service.wire.request import Request
from tests.helpers.misfits import misfits
from tests.helpers.pictures import b64, picture


def leaves(schemas: dict[str, Any], prefix: str = "") -> set[str]:
    """Dotted names of all fields that the schema tells of."""
    found: set[str] = set()
    for name, schema in schemas.items():
        found.add(prefix + name)
        found |= leaves(schema.get("items", schema).get("properties", {}), f"{prefix}{name}.")
    return found


def test_every_declared_field_has_a_schema_and_nothing_else_has() -> None:
    declared = {field.name for field in all_fields() if field.name not in NOT_OURS - {"data"}}
    # Never given with a picture, so nothing is said of what would be inside.
    declared -= {name for name in declared if name.startswith("error.")}
    # `lat` and `lon` are inside of a value.
    inside = {"metadata.location.lat", "metadata.location.lon"}
    parents = {name.rpartition(".")[0] for name in declared if "." in name} | {"error"}
    assert leaves(answer_schemas()) == declared | inside | parents


def test_what_is_not_a_picture_has_a_bound() -> None:
    def unbounded(schema: dict[str, Any]) -> bool:
        kinds = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
        if "object" in kinds:
            return schema["additionalProperties"] is not False or any(map(unbounded, schema["properties"].values()))
        if "array" in kinds:
            return "maxItems" not in schema or unbounded(schema["items"])
        return "string" in kinds and "maxLength" not in schema

    schemas = answer_schemas()
    assert {name for name, schema in schemas.items() if unbounded(schema)} == {"data", "thumbnail"}


def test_errors_and_operations_are_never_part_of_an_answer() -> None:
    assert answer_schemas()["error"] == answer_schemas()["operations"] == {"type": "null"}


@pytest.mark.parametrize(
    "name",
    [
        "pillow/flower.jpg",
        "pillow/dispose_bgnd.gif",
        "pillow/apng/delay.png",
        "libavif/paris_icc_exif_xmp.avif",
    ],
)
def test_what_the_service_gives_fits(name: str) -> None:
    properties = [{"metadata": {"location": "full"}} if p == "metadata" else p for p in all_features()]
    request = Request.parse({"data": b64(picture(name)), "properties": properties})
    fields = process(request, Settings(), Stopwatch())
    schemas = answer_schemas()
    assert [p for key, value in fields.items() for p in misfits(schemas[key], value, key)] == []
