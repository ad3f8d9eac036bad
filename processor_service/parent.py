"""Has the kernel end a process with its parent. Linux only; elsewhere only a parent that has ended already counts."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int, number: signal.Signals = signal.SIGKILL) -> None:
    """Have the kernel send this process a signal, whatever it is doing, as soon as its parent (a process id) has ended.

    To the kernel the parent is the thread that started this process: it has to be one that stays.
    """
    prctl(_PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:
        # The parent had ended before we asked.
        os.kill(os.getpid(), number)


def prctl(option: int, *values: int) -> bool:
    """Change a property of this process. Says whether the kernel did so."""
    if sys.platform != "linux":
        return False
    padded = (*values, 0, 0, 0, 0)[:4]
    return bool(ctypes.CDLL(None).prctl(option, *(ctypes.c_ulong(value) for value in padded)) == 0)
