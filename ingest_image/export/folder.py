"""The folder of an export: its files, and a list of which picture is in which of them."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from ..search.questions.question import UserError
from .names import as_one, numbered

# A line of JSON for each picture.
LIST = ".ingest-image-export.jsonl"


@dataclass(frozen=True)
class Exported:
    """A picture and its file: `number` is its place in the document, `file` a path below the folder."""

    index: str
    id: str
    number: int
    sha256: str | None
    file: str

    @property
    def key(self) -> tuple[str, str, int]:
        """What identifies the picture."""
        return self.index, self.id, self.number


class ExportFolder:
    """Writes each picture once, under a name of its own, and knows from the list what was written before."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder.resolve()
        self._list = self._folder / LIST
        self._done: dict[tuple[str, str, int], Exported] = {}
        for line in self._list.read_text(encoding="utf-8").splitlines() if self._list.exists() else ():
            # The last line of a run that was killed may be cut off.
            if (one := _parsed(line)) is not None:
                self._done[one.key] = one
        self._names = {as_one(PurePosixPath(one.file)): one.key for one in self._done.values()}

    def has(self, key: tuple[str, str, int], sha256: str | None) -> bool:
        """Whether this very picture was written, and is still there."""
        one = self._done.get(key)
        return one is not None and sha256 is not None and one.sha256 == sha256 and self._path(one.file).is_file()

    def write(self, key: tuple[str, str, int], sha256: str | None, wanted: PurePosixPath, data: bytes) -> str:
        """Write a picture; returns the path of its file below the folder. Raises UserError, OSError."""
        file = self._free(key, wanted)
        path = self._path(str(file))
        # Before folders are made, as they would be made there.
        if not path.parent.resolve().is_relative_to(self._folder):
            raise UserError(f"{file.parent} leads out of {self._folder}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise UserError(f"{file.parent} cannot be a folder: a file has that name") from error
        # Whole or not at all; a link of that name is replaced, not followed.
        part = self._folder / f".ingest-image-{os.getpid()}.part"
        try:
            part.write_bytes(data)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        one = self._done[key] = Exported(*key, sha256, str(file))
        self._names[as_one(file)] = key
        with self._list.open("a", encoding="utf-8") as lines:
            lines.write(f"{json.dumps(asdict(one))}\n")
        return str(file)

    def _path(self, file: str) -> Path:
        return self._folder / file

    def _free(self, key: tuple[str, str, int], wanted: PurePosixPath) -> PurePosixPath:
        """The wanted path, with a number if another picture or a file of somebody else has it."""
        file, number = wanted, 1
        while (owner := self._names.get(as_one(file))) != key and (owner or os.path.lexists(self._path(str(file)))):
            number += 1
            file = numbered(wanted, number)
        return file


def _parsed(line: str) -> Exported | None:
    try:
        found: Any = json.loads(line)
        return Exported(**found)
    except (ValueError, TypeError):
        return None
