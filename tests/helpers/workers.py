"""Signals to a service's workers in the middle of a picture."""

from __future__ import annotations

import math
import os
import signal
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.helpers.processes import wait_until, with_pid
from tests.helpers.service import Service

# More than any time limit of a test.
ENDLESS: list[dict[str, Any]] = [{"blur": {"radius": 200}}] * 50


def signal_at_work(service: Service, signals: Iterable[signal.Signals]) -> None:
    """Send each signal to the service's workers while they work, the next one to those that took their place."""
    seen: set[int] = set()
    for number in signals:
        fresh = _workers_other_than(seen, service)
        _until_at_work(fresh)
        seen |= fresh
        for pid in fresh:
            with_pid(pid, number)


def _workers_other_than(seen: set[int], service: Service) -> set[int]:
    wait_until(lambda: bool(set(service.workers()) - seen), 120)
    return set(service.workers()) - seen


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
    wait_until(lambda: all(worked(pid) >= before[pid] + 0.3 for pid in pids), 120)
