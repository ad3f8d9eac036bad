"""`make test-pythons`: the wheel on other Pythons, from its first command to the demo.

Not collected by `make test`: CI has one Python. `PYTHONS` names others, by version or path; by default all that
pyproject.toml says the package is for, except the one that runs this.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.docker.test_wheel import (
    run,
    test_every_command_can_be_run,
    test_the_demo_runs_and_so_does_all_that_it_starts,
    test_the_plugin_for_a_patch_release_is_made,
)
from tests.helpers.paths import ROOT, UV

# Collected here, with the fixture below.
__all__ = [
    "test_every_command_can_be_run",
    "test_the_demo_runs_and_so_does_all_that_it_starts",
    "test_the_plugin_for_a_patch_release_is_made",
]
HERE = "{}.{}".format(*sys.version_info)
CLASSIFIERS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["classifiers"]
NUMBERED = [name for name in (one.rpartition(" ")[2] for one in CLASSIFIERS) if name.startswith("3.")]
PYTHONS = os.environ.get("PYTHONS", "").split() or [name for name in NUMBERED if name != HERE]


@pytest.fixture(scope="module", params=PYTHONS)
def interpreter(request: pytest.FixtureRequest) -> str:
    """Only one that is there: nothing is downloaded."""
    found = subprocess.run(
        [UV, "python", "find", "--no-project", "--system", "--no-python-downloads", request.param],
        capture_output=True,
        text=True,
        check=False,
    )
    if found.returncode:
        pytest.fail(
            f"no Python {request.param} here: put it on the PATH, or name those that there are, such as "
            f"make test-pythons PYTHONS=/path/to/python3 ({found.stderr.strip()})",
            pytrace=False,
        )
    return found.stdout.strip()


def test_it_is_installed_for_that_python(program: Path, interpreter: str, empty: Path) -> None:
    asked = ["-c", "import platform; print(platform.python_version())"]
    said = run(program.with_name("python"), empty, *asked).stdout
    assert said == subprocess.run([interpreter, *asked], capture_output=True, text=True, check=True).stdout
    assert run(program, empty, "--version").stdout.startswith("ingest-image, version ")
