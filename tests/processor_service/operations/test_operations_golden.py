"""Each operation on real pictures, compared with golden ones."""

from __future__ import annotations

import pytest

from processor_service.operations import all_operations
from processor_service.wire.recipe import parse_operations
from tests.helpers.goldens import assert_golden, assert_whole
from tests.helpers.operation_cases import CASES, Case, side_by_side


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_operation_gives_the_golden_picture(case: Case) -> None:
    assert_golden(side_by_side(case.run()), "operations", case.name, case.tolerance)


def test_every_operation_has_a_golden_picture() -> None:
    assert {case.operation for case in CASES} == set(all_operations())


@pytest.mark.parametrize("name", all_operations())
def test_every_parameter_is_in_a_golden_picture(name: str) -> None:
    cases = [case for case in CASES if case.operation == name]
    # What is refused shows nothing: test_operations_stored.py has it.
    refusals = {"min_quality"}
    assert set(all_operations()[name].model_fields) - refusals <= {key for case in cases for key in case.parameters}


def test_every_golden_picture_has_a_case_and_is_small() -> None:
    assert_whole("operations", {case.name for case in CASES})


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
