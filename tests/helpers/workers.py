"""Signals to a service's workers in the middle of a picture."""

from __future__ import annotations

import math
import os
import signal
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.helpers.processes import with_pid
from tests.helpers.service import Service

# More than any time limit of a test.
ENDLESS: list[dict[str, Any]] = [{"blur": {"radius": 200}}] * 50


def signal_at_work(service: Service, signals: Iterable[signal.Signals]) -> None:
    """Send each signal to the service's workers while they work, the next one to those that took their place."""
    seen: set[int] = set()
    for number in signals:
        deadline = time.monotonic() + 10
        while not (fresh := set(service.workers()) - seen) and time.monotonic() < deadline:
            time.sleep(0.01)
        _until_at_work(fresh)
        seen |= fresh
        for pid in fresh:
            with_pid(pid, number)


def _until_at_work(pids: set[int]) -> None:
    """Wait until processes have worked for 0.3 s: how long a picture takes to reach them depends on the machine."""

    def worked(pid: int) -> float:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            # It has ended, and will not work any more.
            return math.inf
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    before = {pid: worked(pid) for pid in pids}
    deadline = time.monotonic() + 20
    while any(worked(pid) < before[pid] + 0.3 for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.02)
