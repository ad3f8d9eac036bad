"""Each operation on real pictures, compared with pictures that somebody looked at (`make contact-sheet`).

`UPDATE_GOLDEN=1` writes them anew.
"""

from __future__ import annotations

import os

import pytest
from PIL import Image

from processor_service.operations import all_operations
from processor_service.recipe import parse_operations
from tests.processor_service.operation_cases import CASES, Case, side_by_side
from tests.support import TESTS, assert_alike

GOLDEN = TESTS / "processor_service" / "golden" / "operations"
_MOST_BYTES = 20_000


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_operation_gives_the_golden_picture(case: Case) -> None:
    result = side_by_side(case.run())
    path = GOLDEN / f"{case.name}.png"
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        result.save(path, optimize=True)
    with Image.open(path) as golden:
        assert_alike(result, golden, case.tolerance, case.name)


def test_every_operation_has_a_golden_picture() -> None:
    assert {case.operation for case in CASES} == set(all_operations())


def test_every_golden_picture_has_a_case_and_is_small() -> None:
    assert {path.stem for path in GOLDEN.glob("*.png")} == {case.name for case in CASES}
    assert max(path.stat().st_size for path in GOLDEN.glob("*.png")) <= _MOST_BYTES


@pytest.mark.parametrize("name", all_operations())
def test_every_operation_is_documented(name: str) -> None:
    operation = all_operations()[name]
    assert operation.__doc__, f"{name} has no docstring"
    assert operation.summary().endswith(".")
    parse_operations([{name: operation.example}])
    if operation.model_fields:
        assert operation.example, f"{name} has no example"
    for parameter, field in operation.model_fields.items():
        assert field.description, f"{name}: {parameter} has no description"
