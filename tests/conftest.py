"""What holds for every test: who shares a worker with whom, signals, that nothing that was started stays, and that CI skips none."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.leash import leash

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


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With pytest-xdist (`-n 2 --dist loadgroup`), what shares a node shares a worker; the rest goes by files."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item)))


def _group(item: pytest.Item) -> str:
    path = item.path.relative_to(Path(__file__).parent)
    # Nodes of both versions are fixtures that have the version as their parameter.
    callspec = getattr(item, "callspec", None)
    version = next(
        (callspec.params[name] for name in ("es_version", "node") if callspec and name in callspec.params), ""
    )
    fixtures = getattr(item, "fixturenames", ())
    # A node for all files of a room and a version, unless the test has one of its own.
    shared = version and "node" in fixtures
    return f"{path.parts[0] if shared else path}:{version}"


def pytest_configure() -> None:
    """Children are not to inherit signals that we ignore, as a script's background jobs do: tests send them.

    A handler is not inherited. SIGHUP stays: who says `nohup` means the children, too.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


@pytest.fixture(scope="session", autouse=True)
def nothing_stays() -> Iterator[None]:
    """Kill what is left when this worker has ended."""
    waiting = leash()
    yield
    assert waiting.stdin
    waiting.stdin.close()
    assert waiting.wait(60) == 0
