"""Whether a worker gets the memory that it may have.

Apart from memory.py, which knows the store: its libraries would take a sixth of the time in which workers are loaded.
"""

from __future__ import annotations

import mmap
import re
from pathlib import Path

_STATUS = Path("/proc/self/status")
_PRIVATE = re.compile(r"VmData:\s+(\d+) kB")
# What a worker may need for itself while it asks for memory.
_SPARE = 16 * 1024**2
# Without so much of its memory a worker is of no use.
LEAST = 128 * 1024**2


def is_given(limit: int, least: int | None = None) -> bool:
    """Whether the system gives this process the private memory that it may have: `limit` bytes.

    If not, a picture for which there is no memory is not at fault. `least`: ask for at most this many bytes. Memory
    that is only asked for costs nothing.
    """
    found = _PRIVATE.search(_STATUS.read_text()) if _STATUS.exists() else None
    if not found:
        return True
    wanted = limit - int(found[1]) * 1024 - _SPARE
    if least is not None:
        wanted = min(wanted, least)
    try:
        if wanted > 0:
            mmap.mmap(-1, wanted, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close()
    except (OSError, MemoryError):
        return False
    return True
