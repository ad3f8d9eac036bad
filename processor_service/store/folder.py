"""What a store in a folder needs of the file system, beside what the library does."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import structlog

from .refusals import unavailable

log = structlog.get_logger("processor_service")
_MARKER = ".ingest-image-store"
# The library leaves out names that end with this and a number when it lists a folder.
_PART = "#"
# How often a picture is put that somebody removes at once.
_TRIES = 5


def begin(path: Path) -> None:
    """Leave a file in a folder that exists, by which it is known as a store from then on.

    Nobody can tell an empty folder from the place of a disk that is not mounted: who calls this says that it is right.
    """
    try:
        (path / _MARKER).touch(exist_ok=False)
        log.info("store", begun=str(path))
    except OSError:
        # It is there already, or a write reports that it is missing.
        return


class Folder:
    """The folder of a store, which is known by a file in it (`begin`)."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def check(self) -> None:
        """Raise ImageError when the disk with the folder is gone: the library would make the folder where it was."""
        if not (self._path / _MARKER).exists():
            raise unavailable(
                f"the folder of the store is not there, or a service never used it ({_MARKER}): is its disk mounted?"
            )

    def put(self, key: str, data: bytes | memoryview) -> bool:
        """Put bytes at their address to stay; says whether they are new. Raises OSError, and ImageError as `check`.

        The library needs half as much processor time again for it, and five times as much for a copy
        (docs/performance.md).
        """
        path = self._path / key
        for _ in range(_TRIES):
            self.check()
            try:
                same = _compared(path, data)
                if same is False:
                    log.warning("store", problem="a damaged picture is written again", stored=key)
                new = not same and _write(path, data, over=same is False)
                # Also of another writer, who may not have done that yet.
                self.to_disk(key)
                return new
            except FileNotFoundError:
                # It was there, and `store clean` has put it away in this moment.
                continue
        raise unavailable("what is written to the store is removed at once")

    def unfinished(self) -> Iterator[tuple[str, os.stat_result]]:
        """Files that a writer has begun and not put in their place, by their names in the folder."""
        for path in sorted(self._path.rglob(f"*{_PART}*")):
            try:
                if path.is_file():
                    yield path.relative_to(self._path).as_posix(), path.stat()
            except FileNotFoundError:
                continue

    def delete_unfinished(self, name: str) -> None:
        """Delete one of those. A writer that is still at it begins again."""
        (self._path / name).unlink(missing_ok=True)

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


def _compared(path: Path, data: bytes | memoryview) -> bool | None:
    """Whether a file holds these bytes; None when there is no file.

    A machine that loses its power can leave an empty file, whose document was never acknowledged.
    """
    try:
        return path.stat().st_size == len(data) and path.read_bytes() == bytes(data)
    except FileNotFoundError:
        return None


def _write(path: Path, data: bytes | memoryview, over: bool) -> bool:
    """Write a file that nobody sees before it is whole; False when another writer was first.

    `over`: in the place of the file that is there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}{_PART}{secrets.randbits(48)}")
    try:
        part.write_bytes(data)
        if over:
            part.replace(path)
        else:
            os.link(part, path)
    except FileExistsError:
        return False
    finally:
        part.unlink(missing_ok=True)
    return True
