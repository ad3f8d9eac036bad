"""Says at the end of `pytest -n 7` how long the largest groups took and when each worker ended: whether they are dealt out well."""

from __future__ import annotations

from collections import defaultdict

import pytest

from tests.helpers.groups import group

_SHOWN = 12


class GroupTimes:
    """A plugin of the process that deals out the tests."""

    def __init__(self) -> None:
        # First start and last end of each group of each worker, in seconds of the clock.
        self._times: dict[tuple[str, str], tuple[float, float]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        worker = getattr(report, "node", None)
        if worker is not None:
            key = worker.gateway.id, group(report.nodeid)
            first, _ = self._times.setdefault(key, (report.start, report.stop))
            self._times[key] = first, report.stop

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not self._times:
            return
        began = min(first for first, _ in self._times.values())
        ended: dict[str, float] = defaultdict(float)
        for (worker, _), (_, last) in self._times.items():
            ended[worker] = max(ended[worker], last - began)
        terminalreporter.section("groups that took longest")
        longest = sorted(self._times.items(), key=lambda one: one[1][0] - one[1][1])[:_SHOWN]
        for (worker, name), (first, last) in longest:
            terminalreporter.write_line(f"{last - first:5.0f} s from {first - began:5.0f} s on, {worker}: {name}")
        ends = ", ".join(f"{worker} {seconds:.0f} s" for worker, seconds in sorted(ended.items()))
        terminalreporter.write_line(f"workers ended after: {ends}")
