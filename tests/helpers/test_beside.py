from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.inner_pytest import run_pytest
from tests.helpers.paths import ROOT
from tests.helpers.processes import wait_until
from tests.helpers.test_leash import runs

LOOKING = """
import os
from pathlib import Path

COLLECTED = os.getpriority(os.PRIO_PROCESS, 0)

def test_it():
    began = int(os.environ["BEGAN"])
    assert Path("ended").exists()
    assert COLLECTED == min(19, began + 10)
    assert os.getpriority(os.PRIO_PROCESS, 0) == began or os.geteuid()
"""


def test_tests_begin_when_the_command_has_ended_and_workers_collect_behind_it(tmp_path: Path) -> None:
    beside = ("-n", "1", "--beside", "sh -c 'sleep 2; touch ended'")
    said = run_pytest(tmp_path, {"test_it.py": LOOKING}, *beside, BEGAN=str(os.getpriority(os.PRIO_PROCESS, 0)))
    assert "1 passed" in said.splitlines()[-1], said


def test_no_test_begins_when_the_command_fails(tmp_path: Path) -> None:
    said = run_pytest(tmp_path, {"test_it.py": LOOKING}, "-n", "1", "--beside", "sh -c 'exit 3'")
    assert "\"sh -c 'exit 3'\" failed with code 3" in said and "passed" not in said and "1 failed" not in said, said


STARTS = """
import time
from tests.helpers.beside import Beside
beside = Beside("sh -c 'sleep 300 & echo $!; wait'")
time.sleep(300)
"""


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
def test_the_command_and_what_it_started_end_when_pytest_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", STARTS], cwd=ROOT, stdout=subprocess.PIPE, text=True) as pytest_:
        assert pytest_.stdout
        started = int(pytest_.stdout.readline())
        assert runs(started)
        pytest_.terminate()
    wait_until(lambda: not runs(started))


def test_a_dry_run_of_make_begins_no_tests(tmp_path: Path) -> None:
    program = tmp_path / "pytest"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/began\n")
    program.chmod(0o755)
    # As if no make had started the tests.
    kept = {name: value for name, value in os.environ.items() if "MAKE" not in name}
    command = ["make", "--dry-run", "test", f"BIN={tmp_path}"]
    said = subprocess.run(command, cwd=ROOT, env=kept, capture_output=True, text=True, check=True).stdout
    assert "--beside" in said and not (tmp_path / "began").exists()
