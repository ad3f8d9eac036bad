"""Rendered pictures on disk, up to a number of bytes: the least recently used go first.

All services that share the folder share them.
"""

from __future__ import annotations

import os
import tempfile
import threading
from pathlib import Path
from stat import S_ISREG

# Room is made in one go, not for each picture again.
_FILLED_AGAIN = 0.9
# Prefix of files that a killed process may leave half written.
_HALF_WRITTEN = ".new-"


class DiskCache:
    """At most `max_bytes` in `folder`. What cannot be read or written is not cached; no picture fails because of it."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder, self._max_bytes = folder, max_bytes
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for left in folder.glob(f"{_HALF_WRITTEN}*"):
            _remove(left)
        self._bytes = 0
        self._make_room()

    def get(self, key: str) -> bytes | None:
        """Read what was put under a key (letters and digits), and mark it as used."""
        path = self._folder / key
        try:
            data = path.read_bytes()
            os.utime(path)
        except OSError:
            return None
        return data

    def put(self, key: str, data: bytes) -> None:
        """Keep data under a key. Readers see all of it, or nothing."""
        if len(data) > self._max_bytes // 4:
            return
        try:
            descriptor, name = tempfile.mkstemp(prefix=_HALF_WRITTEN, dir=self._folder)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(data)
                Path(name).replace(self._folder / key)
            except OSError:
                # A full disk must not be filled with halves.
                Path(name).unlink(missing_ok=True)
                raise
        except OSError:
            return
        with self._lock:
            self._bytes += len(data)
            if self._bytes > self._max_bytes:
                self._make_room()

    def _make_room(self) -> None:
        """Count again, as other services may write here, and remove the least recently used."""
        files = []
        try:
            paths = list(self._folder.iterdir())
        except OSError:
            paths = []
        for path in paths:
            try:
                status = path.lstat()
            except OSError:
                continue
            # Folders are not ours: the top of a disk has `lost+found`.
            if S_ISREG(status.st_mode) and not path.name.startswith(_HALF_WRITTEN):
                files.append((status.st_mtime_ns, status.st_size, path))
        self._bytes = sum(size for _, size, _ in files)
        if self._bytes <= self._max_bytes:
            return
        for _, size, path in sorted(files):
            if self._bytes <= self._max_bytes * _FILLED_AGAIN:
                return
            if _remove(path):
                self._bytes -= size


def _remove(path: Path) -> bool:
    """Whether the file is gone. A file of another user may have to stay."""
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return False
    return True
