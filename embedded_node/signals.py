"""Signals that end the commands which stay up."""

from __future__ import annotations

import signal


def end_on_signals() -> None:
    """Let SIGINT and SIGTERM raise KeyboardInterrupt, so that what was started is stopped in order.

    A background job of a script inherits that SIGINT is ignored, and Python then installs no handler of its own. A
    service manager sends SIGTERM.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
