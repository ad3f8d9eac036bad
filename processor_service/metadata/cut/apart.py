"""Calls a function in a process of its own, for a library that ends its process where others raise an exception."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from typing import NoReturn

_PR_SET_PDEATHSIG = 1


def apart(function: Callable[[bytes], bytes], data: bytes) -> bytes:
    """What the function returns; it runs in a child of this process that has nothing open but the way back.

    The kernel ends the child with this process, and when it has used the processor time that this process has left
    (`ITIMER_PROF`).

    Raises ValueError when the function raises something or ends its process, and MemoryError when the machine has no
    room for a process.
    """
    parent, (seconds, _) = os.getpid(), signal.getitimer(signal.ITIMER_PROF)
    result, answer = os.pipe()
    try:
        child = os.fork()
    except OSError as error:
        os.close(result)
        os.close(answer)
        raise MemoryError("no room for a process that writes a JPEG again") from error
    if not child:
        _answer(function, data, answer, parent, seconds)
    os.close(answer)
    with os.fdopen(result, "rb") as pipe:
        found = pipe.read()
    _, status = os.waitpid(child, 0)
    if status:
        raise ValueError("a picture that a library does not write again")
    return found


def _answer(function: Callable[[bytes], bytes], data: bytes, answer: int, parent: int, seconds: float) -> NoReturn:
    """Write what the function returns, and end this process: with 0 only if all of it is written."""
    code = 1
    try:
        library = ctypes.CDLL(None)
        _end_at_once(library)
        if sys.platform == "linux":
            library.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            raise ChildProcessError("the parent had ended before that")
        # A timer is the parent's alone; 0 is none.
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_PROF, seconds)
        os.closerange(0, answer)
        os.closerange(answer + 1, os.sysconf("SC_OPEN_MAX"))
        with os.fdopen(answer, "wb") as pipe:
            pipe.write(function(data))
        code = 0
    finally:
        # Nothing of the parent's is run: no handlers of its end, no buffers.
        os._exit(code)


def _end_at_once(library: ctypes.CDLL) -> None:
    """Let `exit()`, by which a library ends the process, run nothing that other libraries have asked for.

    These wait for threads of theirs, of which a child has none. What is asked for last is run first.
    """
    library.__cxa_atexit(library._exit, ctypes.c_void_p(1), None)
