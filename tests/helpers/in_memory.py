"""Temporary folders in memory.

A node writes its cluster state to disk, and waits for the disk, several times for each index. Tests make thousands of
indices: in memory, that takes the node a third less processor time and half the time.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")
# In bytes. Three workers need less than 1 GB together, most of it for the jars and data of nodes.
ROOM = 3 * 1024**3


def folder_in_memory(memory: Path = MEMORY, room: int = ROOM) -> Path | None:
    """A new folder like /tmp, for all users. None where the system keeps none in memory, or has less than `room` free."""
    try:
        there = os.statvfs(memory)
        # Containers often have 64 MB, in which nothing may be executed.
        if there.f_bavail * there.f_frsize < room or there.f_flag & os.ST_NOEXEC:
            return None
        folder = Path(tempfile.mkdtemp(prefix="ingest-image-tests-", dir=memory))
    except OSError:
        return None
    folder.chmod(0o1777)
    return folder


def use_for_temporary_folders(folder: Path) -> None:
    """What `tempfile` makes is below that folder from now on, here and in processes that are started."""
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
