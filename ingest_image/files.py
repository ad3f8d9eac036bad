"""Finds picture files and makes documents of them."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from io import BufferedIOBase
from pathlib import Path
from typing import Any

import pybase64

from pipelines.wording import well_formed
from processor_service.formats.registry import FORMATS, extensions, is_unmistakable

_NO_EXTENSION = "no extension"
LINKED_OUT = "linked out of the folder"
# Open neither links nor pipes. Not all systems have all of these flags.
_FLAGS = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"))
_HEAD = 32
_ID_LENGTH = 32


class Unfit(Exception):
    """A file that cannot be sent; the text says why."""


class TooLarge(Unfit):
    """A file with more bytes than are accepted."""


@dataclass(frozen=True)
class PictureFile:
    """A file to index; `relative` is its path below what the user named, with forward slashes.

    `target` is the file that links led to when it was found.
    """

    path: Path
    relative: str
    target: Path = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "target", Path(os.path.realpath(self.path)))

    def read(self, most: int) -> bytes:
        """Its bytes. Raises Unfit when it is empty, has more than `most` bytes, or cannot be read."""
        try:
            # Checked before it is opened: opening a device may have effects, and opening a pipe waits.
            if not stat.S_ISREG(self.target.lstat().st_mode):
                raise Unfit("is not a regular file")
            with os.fdopen(os.open(self.target, _FLAGS), "rb") as file:
                size = os.fstat(file.fileno()).st_size
                data = file.read(most + 1) if size <= most else b""
        except OSError as error:
            raise Unfit(f"cannot be read: {error.strerror}") from error
        if max(size, len(data)) > most:
            raise TooLarge(f"has {max(size, len(data))} bytes, more than {most}")
        if not data:
            raise Unfit("is empty")
        return data


@dataclass
class FoundFiles:
    """The files to index, each once, and what else is in the folders."""

    files: list[PictureFile] = field(default_factory=list)
    # Files that are not pictures by name or content: counts by extension.
    skipped: Counter[str] = field(default_factory=Counter)
    # Pictures by name, of a format that the service does not read: counts by extension.
    unread: Counter[str] = field(default_factory=Counter)
    # Files and folders whose name begins with a dot.
    hidden: int = 0
    # All other files that are left out: names by reason.
    left_out: dict[str, list[str]] = field(default_factory=dict)

    def leave(self, name: str, reason: str) -> None:
        """Note that a file or folder is left out."""
        self.left_out.setdefault(reason, []).append(name)


def find(paths: Iterable[Path], readable: frozenset[str] | None = None) -> FoundFiles:
    """The named files, and all pictures in and below the named folders; `readable` are extensions, without dot.

    Links are followed within the folder that the user named, but not out of it.
    """
    found = FoundFiles()
    seen: set[Path] = set()
    for path in paths:
        for file in _below(path, found, readable) if path.is_dir() else [PictureFile(path, path.name)]:
            if file.target not in seen:
                seen.add(file.target)
                found.files.append(file)
    return found


def _below(folder: Path, found: FoundFiles, readable: frozenset[str] | None) -> Iterator[PictureFile]:
    root = Path(os.path.realpath(folder))
    known = extensions(FORMATS)
    waiting = [folder]
    while waiting:
        path = waiting.pop()
        relative = path.relative_to(folder).as_posix()
        if path != folder and path.name.startswith("."):
            found.hidden += 1
            continue
        is_link = path != folder and path.is_symlink()
        try:
            target = Path(os.path.realpath(path))
            if is_link and not target.is_relative_to(root):
                found.leave(relative, LINKED_OUT)
                continue
            status = target.stat()
            if stat.S_ISDIR(status.st_mode):
                # A linked folder within the named one is visited anyway.
                if not is_link:
                    waiting += sorted(path.iterdir(), reverse=True)
                continue
        except OSError as error:
            found.leave(relative, "leading nowhere" if is_link else f"unreadable ({error.strerror})")
            continue
        if reason := _unfit(path, status, found, known, readable):
            found.leave(relative, reason)
        elif reason is not None:
            yield PictureFile(path, relative)


def _unfit(
    path: Path, status: os.stat_result, found: FoundFiles, known: frozenset[str], readable: frozenset[str] | None
) -> str | None:
    """Why a file is left out; empty for a picture, None when it is counted by its extension."""
    if not stat.S_ISREG(status.st_mode):
        return "not regular files"
    extension = path.suffix.lower()
    name = extension.removeprefix(".")
    # What the service reads, it knows: it may be newer than this command, and read more.
    is_read = name in (known if readable is None else readable)
    if name not in known and not is_read and not (status.st_size and _begins_like_a_picture(path)):
        found.skipped[extension or _NO_EXTENSION] += 1
        return None
    if name in known and not is_read:
        found.unread[extension] += 1
        return None
    return "" if status.st_size else "empty"


def _begins_like_a_picture(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return is_unmistakable(file.read(_HEAD))
    except OSError:
        return False


def document(file: PictureFile, data: bytes) -> dict[str, Any]:
    """The document that is indexed for a file with these bytes.

    In names that are not UTF-8, each invalid byte becomes U+FFFD, because JSON cannot represent it.
    """
    return {
        "title": title(well_formed(file.path.stem)),
        "file_name": well_formed(file.path.name),
        "file_path": well_formed(file.relative),
        "image": {"data": pybase64.b64encode(data).decode("ascii")},
    }


def title(stem: str) -> str:
    """Turns `old_harbour-02` into `old harbour 02`, so that a search for its words finds it."""
    return re.sub(r"[\s_.+-]+", " ", stem).strip() or stem


def id_of_path(file: PictureFile) -> str:
    """The same for the same file on the same machine, whatever its content: indexing it again replaces the document."""
    # A path need not be UTF-8.
    return _short(str(file.target).encode("utf-8", "surrogateescape"))


def id_of_content(data: bytes) -> str:
    """The same for the same bytes, wherever the file is: exact copies become one document."""
    return _short(data)


def id_of_open_file(file: BufferedIOBase) -> str:
    """The same as `id_of_content`, for all bytes of a file."""
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest()[:_ID_LENGTH]


def _short(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:_ID_LENGTH]
