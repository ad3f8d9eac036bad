"""Runs pytest on other tests with our conftest, to see what that makes of them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.helpers.paths import ROOT, TESTS


def run_pytest(folder: Path, files: dict[str, str], *options: str, **environment: str) -> str:
    """What pytest says of these files, in an environment without `CI`."""
    shutil.copy(TESTS / "conftest.py", folder)
    for name, tests in files.items():
        (folder / name).write_text(tests)
    without = {name: value for name, value in os.environ.items() if name != "CI" and not name.startswith("PYTEST")}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options, str(folder)]
    env = without | environment | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True).stdout
