from __future__ import annotations

import re
from pathlib import Path

import pytest

from embedded_node.versions import versions
from tests.helpers.groups import group
from tests.helpers.inner_pytest import run_pytest

NEWEST = versions()[0].number


@pytest.mark.parametrize(
    ("nodeid", "expected"),
    [
        (f"tests/end_to_end/test_cases.py::test_it[{NEWEST}]", f"tests/end_to_end/a-e:{NEWEST}"),
        (f"tests/end_to_end/test_cases.py::test_it[{NEWEST}-a.png]", f"tests/end_to_end/a-e:{NEWEST}"),
        (f"tests/end_to_end/test_tour.py::test_it[a.png-{NEWEST}]", f"tests/end_to_end:{NEWEST}"),
        (f"tests/end_to_end/search/test_likeness.py::test_it[{NEWEST}]", f"tests/end_to_end:{NEWEST}"),
        (f"tests/end_to_end/store/test_store.py::test_it[{NEWEST}]", f"tests/end_to_end/store:{NEWEST}"),
        (f"tests/end_to_end/faults/test_faults.py::test_it[{NEWEST}]", f"tests/end_to_end/store:{NEWEST}"),
        (f"tests/end_to_end/recognition/test_same_person.py::test_it[{NEWEST}]", f"tests/end_to_end:{NEWEST}"),
        (f"tests/embedded_node/test_running_node.py::test_it[{NEWEST}]", f"tests/embedded_node:{NEWEST}"),
        ("tests/inference_way/test_doctor.py::test_it", "tests/inference_way"),
        ("tests/end_to_end/test_demo.py::test_it", "tests/end_to_end/test_demo.py"),
        ("tests/docker/test_images.py::test_it[1.2.3]", "tests/docker/test_images.py"),
        (f"tests/docker/test_images.py::test_it[x{NEWEST}]", "tests/docker/test_images.py"),
    ],
)
def test_what_shares_a_node_is_one_group_and_the_rest_goes_by_files(nodeid: str, expected: str) -> None:
    assert group(nodeid) == expected


MANY = "import pytest\n@pytest.mark.parametrize('n', range({}))\ndef test_it(n): pass\n"


def test_a_group_stays_with_one_worker_and_those_that_take_long_come_first(tmp_path: Path) -> None:
    """Five files of small tests, two workers: each file is run by one of them."""
    starts = "from tests.helpers.ports import free_port\n" + MANY.format(10)
    node = "from embedded_node import EmbeddedNode\ndef test_it(): pass\n"
    program = "import subprocess\ndef test_it(): pass\n"
    files = {"test_few.py": MANY.format(20), "test_many.py": MANY.format(30), "test_starts.py": starts}
    files |= {"test_with_a_node.py": node, "test_with_a_program.py": program}
    said = run_pytest(tmp_path, files, "-v", "-n", "2")
    assert "62 passed" in said.splitlines()[-1], said
    lines = [line for line in said.splitlines() if line.startswith("[gw") and "PASSED" in line]
    assert all(len({line[:5] for line in lines if file in line}) == 1 for file in files), said
    assert set(re.findall(r" s from +\d+ s on, gw[01]: (\S+)", said)) == set(files), said
    assert re.search(r"^workers ended after: gw0 \d+ s, gw1 \d+ s$", said, re.MULTILINE), said
    listed = run_pytest(tmp_path, files, "-q", "--collect-only")
    assert list(dict.fromkeys(re.findall(r"^test_\w+\.py", listed, re.MULTILINE))) == [
        "test_with_a_node.py",
        "test_starts.py",
        "test_with_a_program.py",
        "test_many.py",
        "test_few.py",
    ]
