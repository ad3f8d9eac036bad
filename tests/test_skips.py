"""What tests/conftest.py makes of skipped tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.paths import ROOT, TESTS

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
    shutil.copy(TESTS / "conftest.py", tmp_path)
    (tmp_path / "test_it.py").write_text(SKIPPING)
    without = {name: value for name, value in os.environ.items() if name != "CI" and not name.startswith("PYTEST")}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    result = subprocess.run(
        command, cwd=tmp_path, env=without | environment | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    assert expected in result.stdout.splitlines()[-1], result.stdout
