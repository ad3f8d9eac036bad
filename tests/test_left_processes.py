"""What tests/conftest.py makes of processes that a failed test leaves."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.inner_pytest import run_pytest

LEAVING = """
import subprocess, sys

import pytest

from tests.helpers.processes import alive, children, wait_until

BELOW = "import subprocess, sys; subprocess.Popen(['sleep', '300'], stdout=sys.stdout).wait()"

def start():
    return subprocess.Popen([sys.executable, "-c", BELOW])

@pytest.fixture(scope="module")
def shared():
    with start() as process:
        yield process
        for pid in children(process.pid):
            subprocess.run(["kill", "-9", str(pid)])

LEFT = []

def test_that_fails(shared):
    process = start()
    wait_until(lambda: children(process.pid) and children(shared.pid))
    LEFT.extend([process.pid, *children(process.pid)])
    assert shared is None

def test_that_comes_next(shared):
    assert len(LEFT) == 2
    wait_until(lambda: not any(map(alive, LEFT)))
    assert all(map(alive, [shared.pid, *children(shared.pid)]))
"""


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc")
def test_what_a_failed_test_started_ends_with_it_and_what_it_shares_does_not(tmp_path: Path) -> None:
    said = run_pytest(tmp_path, {"test_it.py": LEAVING})
    assert "1 failed, 1 passed" in said.splitlines()[-1], said
