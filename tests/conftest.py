"""What holds for every test: who shares a worker, signals, that nothing that was started stays, that CI skips none."""

from __future__ import annotations

import gc
import os
from collections.abc import Generator, Iterator
from typing import Any

# Its plugins look at what refers to their objects. Commands that are run in this process freeze what there is
# (gc.freeze), and then nothing is seen to do so.
import hypothesis
import pytest
import structlog

from tests.helpers import beside
from tests.helpers.group_times import GroupTimes
from tests.helpers.groups import ByNodeAndFile, longest_first
from tests.helpers.in_memory import folder_in_memory, use_for_temporary_folders
from tests.helpers.leash import leash, let_children_take_signals
from tests.helpers.processes import children, kill_with_descendants

# Reasons end with these where CI may lack the thing, too: files that are not in the repository, and being root.
ALLOWED = ("not beside this checkout", "only root hands the node to another user")
# Our children before the call of a test that failed.
CHILDREN = pytest.StashKey[set[int]]()


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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, bool, bool]:
    """Kill what a failed test has started and left, before it disturbs the next one."""
    done = yield
    before = item.stash.get(CHILDREN, None)
    if before is not None:
        for pid in children() - before:
            kill_with_descendants(pid)
    return done


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    # What fixtures start is theirs to end.
    before = children()
    try:
        return (yield)
    except BaseException:
        item.stash[CHILDREN] = before
        raise


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect while the garbage collector rests, and keep it from looking through the tests later.

    They are many objects, and no garbage: a sixth of the processor time of collecting, in each worker.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    longest_first(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByNodeAndFile:
    """`pytest -n 7`: what shares a node shares a worker, the rest goes by files.

    (`--dist loadgroup` would do, if pytest-xdist 3.8 could still mark groups with pytest 9.2.)
    """
    return ByNodeAndFile(config, log)


def pytest_addoption(parser: pytest.Parser) -> None:
    beside.add_option(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Before anything is started."""
    if not os.environ.get("CI"):
        # How long an example takes says more of the machine than of the code. In CI hypothesis itself does not look.
        slow = [hypothesis.HealthCheck.too_slow]
        hypothesis.settings.register_profile("patient", deadline=None, suppress_health_check=slow)
        hypothesis.settings.load_profile("patient")
    let_children_take_signals()
    beside.register(config)
    config.pluginmanager.register(GroupTimes())


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """A command that is run in this process says where its logs go; that holds for no other test."""
    before = structlog.get_config() if structlog.is_configured() else None
    yield
    if before is None:
        structlog.reset_defaults()
    else:
        structlog.configure(**before)


@pytest.fixture(scope="session", autouse=True)
def nothing_stays(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Kill what is left when this worker has ended, and remove its temporary folders, which are in memory."""
    # Those of pytest stay on the disk: they are kept, to look at what a failed test wrote.
    tmp_path_factory.getbasetemp()
    memory = folder_in_memory()
    if memory:
        use_for_temporary_folders(memory)
    waiting = leash(*filter(None, [memory]))
    yield
    assert waiting.stdin
    waiting.stdin.close()
    assert waiting.wait(60) == 0
