"""Finds out how much memory the container gives, and whether the settings fit into it."""

from __future__ import annotations

import ctypes
import math
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from ..parent import prctl
from ..settings import Settings
from ..store.opening import folder_of
from .lack import number

_CGROUPS, _OWN = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
_MOUNTS = Path("/proc/self/mountinfo")
# File systems whose files are memory of the container.
_OF_MEMORY = ("tmpfs", "ramfs")
# The web process with its libraries and the template of the workers.
BASE = 256 * 1024**2
_MB = 1024**2
# From malloc.h. For smaller blocks, asking the system each time costs more than it saves.
_M_MMAP_THRESHOLD, _LARGE = -3, 2 * _MB
# Smaller ones are kept for the next picture, up to this many bytes in each of the pools that threads share.
_M_TRIM_THRESHOLD, _KEPT = -1, 8 * _MB
_M_ARENA_MAX, _ARENAS = -8, 2
_PR_SET_THP_DISABLE = 41


def container_limit(cgroups: Path = _CGROUPS, own: Path = _OWN) -> int | None:
    """The lowest memory limit, in bytes, of the control groups of this process; None when there is none."""
    limits = [
        int(text)
        for folder in _folders(cgroups, own)
        for name in ("memory.max", "memory.limit_in_bytes")
        if (text := _read(folder / name).strip()).isdecimal()
    ]
    # Version 1 says "no limit" with a number that no machine has.
    return min((limit for limit in limits if limit < 2**60), default=None)


def oom_kills(cgroups: Path = _CGROUPS, own: Path = _OWN) -> int | None:
    """How many processes of this control group the kernel has killed so far because its memory was used up.

    None where nothing says so. Asked for each picture, so the file is remembered. One that is gone, or was not found,
    is looked for again: it may only be that no more files could be opened.
    """
    file = _kills_file(cgroups, own)
    kills = _kills_in(file) if file else None
    if kills is None:
        _kills_file.cache_clear()
    return kills


@lru_cache(maxsize=4)
def _kills_file(cgroups: Path, own: Path) -> Path | None:
    files = (folder / name for folder in _folders(cgroups, own) for name in ("memory.events", "memory.oom_control"))
    return next((file for file in files if _kills_in(file) is not None), None)


def _kills_in(file: Path) -> int | None:
    # A fifth of the time of Path.read_text.
    try:
        descriptor = os.open(file, os.O_RDONLY)
        try:
            text = os.read(descriptor, 4096).decode("ascii", "replace")
        finally:
            os.close(descriptor)
    except OSError:
        return None
    return next((int(line.split()[1]) for line in text.splitlines() if line.startswith("oom_kill ")), None)


def in_memory(settings: Settings, mounts: Path = _MOUNTS) -> int:
    """Most bytes of files that the service may write to file systems in memory, such as a container's /tmp.

    It writes rendered pictures, and those of a store that is a folder. Only the file system bounds the latter. Where it
    does not, they are left out (`unbounded_store`).
    """
    cache = _mount_in_memory(Path(settings.cache_dir), mounts) if settings.cache_dir else None
    store = _mount_of_store(settings, mounts)
    rendered = min(settings.cache_bytes, _size(cache)) if cache else 0
    stored = _size(store) if store else 0
    if stored == math.inf:
        stored = 0
    elif store == cache:
        # Both share its room.
        rendered = 0
    return int(rendered + stored)


def unbounded_store(settings: Settings, mounts: Path = _MOUNTS) -> str | None:
    """What is wrong with a store that is a folder in memory which nothing bounds. None when it is none."""
    store = _mount_of_store(settings, mounts)
    if store is None or _size(store) < math.inf:
        return None
    return (
        f"the folder of IMAGE_STORE_URL is in memory, in a file system without a bound ({store}), so its pictures may "
        "take all of it: take a folder on a disk, or give that file system a size"
    )


def shortage(settings: Settings, limit: int | None, files: int = 0) -> str | None:
    """What is wrong with the settings in a container of `limit` bytes, and what would be right. None when they fit.

    `files`: bytes of files in memory.
    """
    web = BASE + settings.max_held_bytes
    recognizers = number(settings)
    others = recognizers * settings.recognizer_memory + files
    needed = settings.workers * settings.worker_memory + others + web
    if limit is None or needed <= limit:
        return None
    room = (limit - web - others) // settings.workers // _MB
    advice = f"set IMAGE_WORKER_MEMORY to {room * _MB}, or" if room >= 128 else "lower IMAGE_WORKERS, or"
    beside = f", {recognizers} recognizers with {settings.recognizer_memory // _MB} MB each (IMAGE_RECOGNIZER_MEMORY)"
    in_files = f" and files in memory with {-(-files // _MB)} MB (IMAGE_CACHE_DIR, IMAGE_STORE_URL)"
    return (
        f"{settings.workers} workers with {settings.worker_memory // _MB} MB each (IMAGE_WORKER_MEMORY)"
        f"{beside if recognizers else ''} and the web process with {web // _MB} MB (IMAGE_MAX_HELD_BYTES and "
        f"{BASE // _MB} MB){in_files if files else ''} may need {needed // _MB} MB, but the container has "
        f"{limit // _MB} MB: {advice} give it {-(-needed // _MB)} MB"
    )


def give_back_large_blocks() -> None:
    """Have glibc give the memory of large pictures back to the system as soon as it is freed.

    By default it keeps blocks of up to 32 MB for the next picture, in a pool for each thread. That of smaller ones it
    gives back each time, and every request pays for the page faults again: they stay, in fewer pools.
    """
    # AttributeError: another C library, which has no such option.
    with suppress(AttributeError):
        malloc = ctypes.CDLL(None)
        for option, value in (
            (_M_MMAP_THRESHOLD, _LARGE),
            (_M_TRIM_THRESHOLD, _KEPT),
            (_M_ARENA_MAX, _ARENAS),
        ):
            malloc.mallopt(option, value)


def without_huge_pages() -> None:
    """Have the kernel give this process and its children memory as it is written to, 4 kB at a time.

    Many systems give 2 MB where one byte is written ("always" in /sys/kernel/mm/transparent_hugepage/enabled). Then a
    thousand bodies of which little has come would take far more than what is counted. Workers are as fast without it.
    """
    prctl(_PR_SET_THP_DISABLE, 1)


def _folders(cgroups: Path, own: Path) -> Iterator[Path]:
    """The folder of our control group and those above it, of version 2 or 1, nearest first."""
    for line in filter(None, _read(own).split("\n")):
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        root = cgroups / "memory" if controllers else cgroups
        # In a container of version 1 the path is the host's, and its folder is mounted as the root.
        group = Path(path.lstrip("/"))
        for folder in (group, *group.parents):
            yield root / folder


def _mount_in_memory(folder: Path, mounts: Path) -> Path | None:
    """Where the file system is mounted that a folder is on, or will be; None when its files are not memory."""
    found, of_memory, folder = Path("/"), False, Path(os.path.realpath(folder))
    # Names may have any other white space, and bytes that are no text.
    for line in filter(None, _read(mounts).split("\n")):
        place, _, kind = line.partition(" - ")
        mount = Path(re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), place.split(" ")[4]))
        # Of two at the same place the later one is seen.
        if folder.is_relative_to(mount) and mount.is_relative_to(found):
            found, of_memory = mount, kind.split()[0] in _OF_MEMORY
    return found if of_memory else None


def _mount_of_store(settings: Settings, mounts: Path) -> Path | None:
    folder = folder_of(settings.store_url) if settings.store_url else None
    return _mount_in_memory(folder, mounts) if folder else None


def _size(mount: Path) -> float:
    """Most bytes of all files of a file system; infinity when it has no bound, 0 when another one hides it."""
    try:
        status = os.statvfs(mount)
    except OSError:
        return 0
    return status.f_blocks * status.f_frsize or math.inf


def _read(file: Path) -> str:
    try:
        return os.fsdecode(file.read_bytes())
    except OSError:
        return ""
