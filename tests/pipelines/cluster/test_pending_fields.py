"""Which mappings hide what waits."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines.cluster.pending_fields import filter_path, obstacle

NESTED, IN_PARENT, IN_ROOT = (
    {"type": "nested"} | more for more in ({}, {"include_in_parent": True}, {"include_in_root": True})
)
OBJECT: dict[str, Any] = {}
OUTER, INNER = "a is mapped as nested, and not as object", "a.image is mapped as nested, and not as object"


@pytest.mark.parametrize(
    ("outer", "inner", "why"),
    [
        (OBJECT, OBJECT, ""),
        (OBJECT, NESTED, INNER),
        (OBJECT, IN_PARENT, INNER),
        (OBJECT, IN_ROOT, ""),
        (NESTED, OBJECT, OUTER),
        (NESTED, IN_PARENT, INNER),
        (NESTED, IN_ROOT, ""),
        (IN_PARENT, NESTED, INNER),
        (IN_PARENT, IN_PARENT, INNER),
        (IN_ROOT, NESTED, INNER),
        (IN_ROOT, OBJECT, ""),
        ({"type": "flattened"}, OBJECT, "a is mapped as flattened, and not as object"),
    ],
)
def test_a_nested_field_hides_what_is_not_copied_into_the_document(
    outer: dict[str, Any], inner: dict[str, Any], why: str
) -> None:
    image = inner | {"properties": {"pending_since": {"type": "date"}}}
    mapping = {"properties": {"a": outer | {"properties": {"image": image}}}}
    assert obstacle(mapping, "a.image", True) == why
    asked = filter_path(["a.image"])
    for name in ("type", "include_in_root"):
        assert f"*.mappings.properties.a.{name}" in asked
        assert f"*.mappings.properties.a.properties.image.{name}" in asked
