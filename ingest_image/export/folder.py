"""The folder of an export: its files, and a list of which picture is in which of them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from ..search.questions.question import UserError
from .names import as_one, numbered

# Lines of JSON: one before a file is written, without the picture's SHA-256, and one after that.
LIST = ".ingest-image-export.jsonl"
_PARTS = ".ingest-image-*.part"
# Names a picture: index, id, and routing of its document, as an index may hold an id twice; and its place in it.
Key = tuple[str, str, str | None, int]


@dataclass(frozen=True)
class Exported:
    """A picture and its file: `number` is its place in the document, `file` a path below the folder."""

    index: str
    id: str
    number: int
    sha256: str | None
    file: str
    routing: str | None = None
    # An earlier list does not: the document had any routing, or none.
    says_routing: bool = True

    @property
    def key(self) -> Key:
        """What identifies the picture."""
        return self.index, self.id, self.routing, self.number

    @property
    def line(self) -> str:
        """The line of the list."""
        said = {name: value for name, value in asdict(self).items() if name != "says_routing"}
        return f"{json.dumps(said)}\n"


def exported(key: Key, sha256: str | None, file: str) -> Exported:
    """A picture of this key and its file."""
    index, id, routing, number = key
    return Exported(index, id, number, sha256, file, routing)


class ExportFolder:
    """Writes each picture once, under a name of its own, and knows from the list what was written before.

    It may be killed at any moment. A file that is not in the list would be taken for somebody else's, and a picture
    written a second time; so the list has its name before the file is there.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder.resolve()
        self._list = self._folder / LIST
        self._done: dict[Key, Exported] = {}
        # Names that pictures had before they were changed.
        self._former: dict[Key, set[str]] = {}
        # Of an old list, by which nobody was found yet; these keys have no routing.
        self._unclaimed: set[Key] = set()
        for one in _read(self._list):
            self._note(one)
        self._names = {as_one(PurePosixPath(one.file)): one.key for one in self._done.values()}
        for one in self._done.values():
            if one.sha256 is not None:
                self._remove_former(one.key)
        for part in self._folder.glob(_PARTS):
            part.unlink(missing_ok=True)

    def has(self, key: Key, sha256: str | None) -> bool:
        """Whether this very picture was written, and is still there."""
        one = self._done.get(key) or self._unclaimed_of(key)
        found = one is not None and sha256 is not None and one.sha256 == sha256 and self._path(one.file).is_file()
        if found:
            self._claim(key)
        return found

    def write(self, key: Key, sha256: str | None, wanted: PurePosixPath, data: bytes) -> str:
        """Write a picture; returns the path of its file below the folder. Raises UserError, OSError."""
        self._claim(key)
        file = self._free(key, wanted)
        path = self._path(str(file))
        # Before folders are made, as they would be made there.
        if not path.parent.resolve().is_relative_to(self._folder):
            raise UserError(f"{file.parent} leads out of {self._folder}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise UserError(f"{file.parent} cannot be a folder: a file has that name") from error
        self._append(exported(key, None, str(file)))
        # Whole or not at all; a link of that name is replaced, not followed.
        part = self._folder / f".ingest-image-{os.getpid()}.part"
        try:
            part.write_bytes(data)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        self._append(exported(key, sha256, str(file)))
        self._remove_former(key)
        return str(file)

    def _unclaimed_of(self, key: Key) -> Exported | None:
        old = _without_routing(key)
        return self._done[old] if old in self._unclaimed else None

    def _claim(self, key: Key) -> None:
        """Take what an old list has of a document of this id for the picture's, if there is nothing else of it."""
        one = self._unclaimed_of(key)
        if one and key == one.key:
            self._unclaimed.discard(key)
        elif one and key not in self._done:
            # With its file, by which the next run knows.
            self._append(exported(key, one.sha256, one.file))

    def _note(self, one: Exported) -> None:
        old = self._unclaimed_of(one.key)
        if not one.says_routing:
            self._unclaimed.add(one.key)
        elif old and one.key == old.key:
            self._unclaimed.discard(old.key)
        elif old and one.key not in self._done and one.file == old.file:
            self._unclaimed.discard(old.key)
            del self._done[old.key]
            self._former[one.key] = self._former.pop(old.key, set())
        before = self._done.get(one.key)
        if before and before.file != one.file:
            self._former.setdefault(one.key, set()).add(before.file)
        self._done[one.key] = one

    def _append(self, one: Exported) -> None:
        self._note(one)
        self._names[as_one(PurePosixPath(one.file))] = one.key
        with self._list.open("a", encoding="utf-8") as lines:
            lines.write(one.line)

    def _remove_former(self, key: Key) -> None:
        """Remove the files that a picture had under other names, unless another picture has the name now."""
        present = as_one(PurePosixPath(self._done[key].file))
        for file in self._former.pop(key, ()):
            name = as_one(PurePosixPath(file))
            if name != present and self._names.get(name, key) == key:
                self._names.pop(name, None)
                if self._path(file).parent.resolve().is_relative_to(self._folder):
                    self._path(file).unlink(missing_ok=True)

    def _path(self, file: str) -> Path:
        return self._folder / file

    def _free(self, key: Key, wanted: PurePosixPath) -> PurePosixPath:
        """The wanted path, with a number if another picture or a file of somebody else has it."""
        file, number = wanted, 1
        while (owner := self._names.get(as_one(file))) != key and (owner or os.path.lexists(self._path(str(file)))):
            number += 1
            file = numbered(wanted, number)
        return file


def _without_routing(key: Key) -> Key:
    index, id, _, number = key
    return index, id, None, number


def _read(path: Path) -> Iterator[Exported]:
    """The lines of a list. The last one of a run that was killed may be cut off: it is removed, or ended."""
    if not path.exists():
        return
    data = path.read_bytes()
    whole, _, last = data.rpartition(b"\n")
    for line in whole.splitlines():
        if (one := _parsed(line)) is not None:
            yield one
    if last and (one := _parsed(last)) is not None:
        with path.open("ab") as lines:
            lines.write(b"\n")
        yield one
    elif last:
        os.truncate(path, len(data) - len(last))


def _parsed(line: bytes) -> Exported | None:
    try:
        found: Any = json.loads(line)
        return Exported(**found, says_routing="routing" in found)
    except (ValueError, TypeError):
        return None
