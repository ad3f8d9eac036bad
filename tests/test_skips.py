"""What tests/conftest.py makes of skipped tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.inner_pytest import run_pytest

SKIPPING = """
import pytest

def test_by_hand():
    pytest.skip("the machine is busy")

def test_by_import():
    pytest.importorskip("zebedee")

@pytest.mark.skipif(True, reason="no zebedee here")
def test_by_mark():
    pass

@pytest.fixture
def thing():
    pytest.skip("nothing to be had")

def test_by_fixture(thing):
    pass

@pytest.mark.skipif(True, reason="the corpus is not beside this checkout")
def test_of_files_that_are_not_in_the_repository():
    pass

@pytest.mark.xfail(reason="known")
def test_known():
    assert False
"""


@pytest.mark.parametrize(
    ("environment", "expected"),
    [({}, "5 skipped, 1 xfailed"), ({"CI": "true"}, "2 failed, 1 skipped, 1 xfailed, 2 errors")],
)
def test_a_skipped_test_fails_in_ci(tmp_path: Path, environment: dict[str, str], expected: str) -> None:
    said = run_pytest(tmp_path, {"test_it.py": SKIPPING}, **environment)
    assert expected in said.splitlines()[-1], said
