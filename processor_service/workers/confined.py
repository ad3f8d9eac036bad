"""Has the kernel confine a process that decodes untrusted bytes. Linux only; elsewhere nothing happens."""

from __future__ import annotations

import ctypes
import errno
import platform
import sys

from ..parent import prctl

_PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 4, 22, 38
_SECCOMP_MODE_FILTER = 2
# Of linux/audit.h and the tables of system calls: the architecture, and its number of `socket`.
_ARCHITECTURES = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
# The same number everywhere. What it sets up can open sockets without the system call.
_IO_URING_SETUP = 425
# System calls of x32, x86-64's other set, have this bit.
_X32 = 0x40000000
# Of linux/bpf_common.h and linux/seccomp.h.
_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_NUMBER, _ARCHITECTURE = 0, 4
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | errno.EACCES


class _Instruction(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_uint16),
        ("if_true", ctypes.c_uint8),
        ("if_false", ctypes.c_uint8),
        ("value", ctypes.c_uint32),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("instructions", ctypes.POINTER(_Instruction)))


def hide_memory() -> None:
    """Keep other processes of the same user from reading this one's memory and environment, which hold the token."""
    prctl(_PR_SET_DUMPABLE, 0)


def without_network() -> bool:
    """Refuse sockets to this process and its children for good. Says whether the kernel does so.

    Open sockets stay open. This is a filter of system calls: it needs no privilege, and works in containers, which
    refuse network name spaces.
    """
    if sys.platform != "linux" or platform.machine() not in _ARCHITECTURES:
        return False
    architecture, socket = _ARCHITECTURES[platform.machine()]
    instructions = (
        _Instruction(_LOAD, 0, 0, _ARCHITECTURE),
        _Instruction(_JUMP_EQUAL, 0, 5, architecture),
        _Instruction(_LOAD, 0, 0, _NUMBER),
        _Instruction(_JUMP_AT_LEAST, 3, 0, _X32),
        _Instruction(_JUMP_EQUAL, 2, 0, socket),
        _Instruction(_JUMP_EQUAL, 1, 0, _IO_URING_SETUP),
        _Instruction(_RETURN, 0, 0, _ALLOW),
        _Instruction(_RETURN, 0, 0, _REFUSE),
    )
    program = _Program(len(instructions), (_Instruction * len(instructions))(*instructions))
    # Without this the kernel accepts a filter from root only.
    return prctl(_PR_SET_NO_NEW_PRIVS, 1) and prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.addressof(program))
