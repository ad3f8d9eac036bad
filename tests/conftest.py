"""In CI, a test that is skipped is one that nobody misses: there it fails."""

from __future__ import annotations

import os
from collections.abc import Generator
from typing import Any

import pytest

# Reasons end with these where CI may lack the thing, too: files that are not in the repository, and being root.
ALLOWED = ("not beside this checkout", "only root hands the node to another user")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if os.environ.get("CI") and report.skipped and isinstance(report.longrepr, tuple):
        reason = report.longrepr[2]
        if not reason.endswith(ALLOWED):
            report.outcome, report.longrepr = "failed", f"{reason}\nCI has to run every test."
    return report
