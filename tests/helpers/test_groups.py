from __future__ import annotations

import subprocess
import sys

import pytest

from embedded_node.versions import versions
from tests.helpers.groups import group
from tests.helpers.paths import ROOT

NEWEST = versions()[0].number


@pytest.mark.parametrize(
    ("nodeid", "expected"),
    [
        (f"tests/end_to_end/test_cases.py::test_it[{NEWEST}]", f"tests/end_to_end:{NEWEST}"),
        (f"tests/end_to_end/test_cases.py::test_it[{NEWEST}-a.png]", f"tests/end_to_end:{NEWEST}"),
        (f"tests/end_to_end/test_cases.py::test_it[a.png-{NEWEST}]", f"tests/end_to_end:{NEWEST}"),
        (f"tests/embedded_node/test_running_node.py::test_it[{NEWEST}]", f"tests/embedded_node:{NEWEST}"),
        ("tests/end_to_end/test_demo.py::test_it", "tests/end_to_end/test_demo.py"),
        ("tests/docker/test_images.py::test_it[1.2.3]", "tests/docker/test_images.py"),
        (f"tests/docker/test_images.py::test_it[x{NEWEST}]", "tests/docker/test_images.py"),
    ],
)
def test_what_shares_a_node_is_one_group_and_the_rest_goes_by_files(nodeid: str, expected: str) -> None:
    assert group(nodeid) == expected


def test_a_group_stays_with_one_worker() -> None:
    """Two files of many small tests, two workers: each file is run by one of them."""
    files = ["tests/processor_service/operations/test_gravity.py", "tests/embedded_node/test_jdk.py"]
    command = [sys.executable, "-m", "pytest", "-v", "-n", "2", "-p", "no:cacheprovider", *files]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    ran = {
        file: {line[:5] for line in done.stdout.splitlines() if line[:3] == "[gw" and file in line} for file in files
    }
    assert all(len(workers) == 1 for workers in ran.values()), ran
