"""A function that runs in a child of its own: what it returns, and what becomes of it when it ends its process.

Or when it never ends.
"""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from processor_service.metadata.cut.apart import apart
from tests.helpers.processes import alive, children, wait_until, with_pid

# A library may have asked that something is run at the end that never ends in a child: here, to wait for a signal.
ENDING = """
import ctypes, os, sys
from processor_service.metadata.cut.apart import apart

library = ctypes.CDLL(None)
library.__cxa_atexit(library.pause, None, None)
try:
    apart(lambda data: library.exit(int(sys.argv[1])), b"")
except ValueError:
    print("told", flush=True)
os._exit(0)
"""

ENDLESS = """
import signal, sys
from processor_service.metadata.cut.apart import apart

def forever(data):
    while True:
        pass

signal.setitimer(signal.ITIMER_PROF, float(sys.argv[1]))
try:
    apart(forever, b"")
except ValueError:
    print("told", flush=True)
"""


@pytest.mark.parametrize("status", [0, 1])
def test_a_function_that_ends_its_process_is_not_waited_for(status: int) -> None:
    done = subprocess.run([sys.executable, "-c", ENDING, str(status)], capture_output=True, text=True, timeout=240)
    assert done.stdout == "told\n", done.stderr


def test_what_a_function_returns_and_raises() -> None:
    assert apart(lambda data: data * 100_000, b"abc") == b"abc" * 100_000
    with pytest.raises(ValueError, match="does not write again"):
        apart(lambda data: data[:: int(data)], b"0")


def test_a_function_has_the_processor_time_that_its_caller_has_left() -> None:
    done = subprocess.run([sys.executable, "-c", ENDLESS, "1"], capture_output=True, text=True, timeout=120)
    assert done.stdout == "told\n", done.stderr


def test_a_function_ends_with_its_caller() -> None:
    with subprocess.Popen([sys.executable, "-c", ENDLESS, "0"]) as caller:
        wait_until(lambda: bool(children(caller.pid)), 60)
        (child,) = children(caller.pid)
        caller.send_signal(signal.SIGKILL)
    try:
        wait_until(lambda: not alive(child))
    finally:
        with_pid(child, signal.SIGKILL)
