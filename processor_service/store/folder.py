"""What a store in a folder needs of the file system, beside what the library does."""

from __future__ import annotations

import os
from pathlib import Path

from .refusals import unavailable

_MARKER = ".ingest-image-store"


class Folder:
    """The folder of a store. It leaves a file in it, by which the folder is known."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            (path / _MARKER).touch()
        except OSError:
            # Whoever only reads needs none; whoever writes is told when it is missed.
            return

    def check(self) -> None:
        """Raise ImageError when the disk with the folder is gone: the library would make the folder where it was."""
        if not (self._path / _MARKER).exists():
            raise unavailable("the folder of the store is not there: is its disk mounted?")

    def touch(self, key: str) -> None:
        """Give a file the time of now. Raises FileNotFoundError."""
        os.utime(self._path / key)

    def to_disk(self, key: str) -> None:
        """Have a file and the folders that lead to it written to the disk; the library leaves that to the system.

        Raises FileNotFoundError when the file is not there.
        """
        path = self._path / key
        for place in (path, *path.parents):
            descriptor = os.open(place, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            if place == self._path:
                return
