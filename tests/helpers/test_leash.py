from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.helpers.paths import ROOT

# Starts what would stay (one without our environment below another; a service, which renames itself), and says the ids
# and a folder.
STARTS = """
import subprocess, sys, tempfile, time
from pathlib import Path
from tests.helpers.leash import leash
from tests.helpers.service import Service
folder = Path(tempfile.mkdtemp())
kept = leash(folder)
below = "import subprocess; child = subprocess.Popen(['sleep', '300'], env={}); print(child.pid, flush=True); child.wait()"
child = subprocess.Popen([sys.executable, "-c", below], start_new_session=True)
service = Service(Path(tempfile.mkdtemp()) / "log", workers="1")
print(child.pid, service.process.pid, *service.descendants(), flush=True)
print(folder, flush=True)
time.sleep(300)
"""
# Starts one that waits, interrupts it, and says how it ended.
INTERRUPTS = """
import signal, subprocess, sys
from tests.helpers.leash import let_children_take_signals
{before}
child = subprocess.Popen(["sleep", "5"])
child.send_signal(signal.SIGINT)
print(child.wait(), signal.getsignal(signal.SIGINT) is not signal.SIG_DFL)
"""


def runs(pid: int) -> bool:
    """Whether there is such a process, and it is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
def test_what_a_killed_run_of_the_tests_started_ends_with_it() -> None:
    with subprocess.Popen([sys.executable, "-c", STARTS], cwd=ROOT, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout
        started = [int(pid) for _ in range(2) for pid in run.stdout.readline().split()]
        folder = Path(run.stdout.readline().strip())
        assert len(started) >= 6 and all(map(runs, started)) and folder.is_dir()
        os.kill(run.pid, signal.SIGKILL)
    deadline = time.monotonic() + 120
    while any(map(runs, started)) or folder.exists():
        assert time.monotonic() < deadline, "it still runs, or its folder is still there"
        time.sleep(0.05)


def interrupted(before: str) -> str:
    command = ["bash", "-c", 'trap \'\' INT; exec "$0" -c "$1"', sys.executable, INTERRUPTS.format(before=before)]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


def test_signals_that_a_script_in_the_background_ignores_reach_what_the_tests_start() -> None:
    assert interrupted("") == "0 True"
    assert interrupted("let_children_take_signals()") == f"{-signal.SIGINT} True"
