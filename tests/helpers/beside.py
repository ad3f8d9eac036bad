"""`pytest -n 7 --beside COMMAND`: a command that runs while the workers collect. No test begins before it has ended well.

`make test` runs JUnit so: it mostly waits, and collecting takes seven workers half a minute of two cores. Meanwhile they
come after it, as its answers must not be late.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Generator

import pytest

from tests.helpers.leash import leash_for_one

_LOWER = 10


class Beside:
    """A plugin of the process that deals out the tests."""

    def __init__(self, command: str) -> None:
        self._command = command
        # Who kills `make` means JUnit, too, and then nobody comes to pytest_unconfigure.
        self._leash, mark = leash_for_one()
        self._process = subprocess.Popen(shlex.split(command), stdin=subprocess.DEVNULL, env=os.environ | mark)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Have the tests compiled once, before workers start: else each of them would do that."""
        collect = [sys.executable, "-m", "pytest", "-qq", "--collect-only", *session.config.args]
        subprocess.run(collect, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def wait(self) -> None:
        """Wait for the end of the command. Ends pytest if it failed."""
        if code := self._process.wait():
            pytest.exit(f"{self._command!r} failed with code {code}", returncode=1)

    def pytest_unconfigure(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
        self._process.wait()
        assert self._leash.stdin
        self._leash.stdin.close()
        self._leash.wait()


class Behind:
    """A plugin of a worker, which comes after others until it has collected."""

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection(self) -> Generator[None, object, object]:
        before = os.getpriority(os.PRIO_PROCESS, 0)
        os.nice(_LOWER)
        try:
            return (yield)
        finally:
            try:
                os.setpriority(os.PRIO_PROCESS, 0, before)
            except PermissionError:
                # Not root. Then all that tests start has a lower priority, and nothing else runs.
                pass


def add_option(parser: pytest.Parser) -> None:
    parser.addoption("--beside", metavar="COMMAND", help="run it while workers collect; tests begin when it has ended")


def register(config: pytest.Config) -> None:
    """What the option asks of this process."""
    command = config.getoption("beside")
    if command is None:
        return
    if hasattr(config, "workerinput"):
        config.pluginmanager.register(Behind())
    elif not config.getoption("numprocesses", None):
        raise pytest.UsageError("--beside goes with -n")
    else:
        config.pluginmanager.register(Beside(command), "beside")


def wait_for_command(config: pytest.Config) -> None:
    """Called when all workers have collected."""
    beside = config.pluginmanager.get_plugin("beside")
    if isinstance(beside, Beside):
        beside.wait()
