"""Finds picture files and makes documents of them."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pybase64

# What is taken from a folder; a file named itself is always taken. The service looks at the bytes, not at the name.
EXTENSIONS = frozenset(
    f".{name}"
    for name in (
        *("jpg", "jpeg", "jpe", "jfif", "png", "webp", "gif", "tif", "tiff", "avif", "bmp", "dib", "ico"),
        *("jp2", "j2k", "ppm", "pgm", "pbm", "pnm"),
    )
)


@dataclass(frozen=True)
class PictureFile:
    """A file to index; `relative` is its path below what the user named, with forward slashes."""

    path: Path
    relative: str


@dataclass
class Found:
    """The files to index, each once, and how many others the folders hold, by extension."""

    files: list[PictureFile] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)


def find(paths: Iterable[Path]) -> Found:
    """All files named, and the pictures in all folders named and below them; hidden ones are left out."""
    found = Found()
    seen: set[Path] = set()
    for path in paths:
        for file in _below(path) if path.is_dir() else [PictureFile(path, path.name)]:
            if path.is_dir() and file.path.suffix.lower() not in EXTENSIONS:
                found.skipped[file.path.suffix.lower() or "no extension"] += 1
            elif (resolved := file.path.resolve()) not in seen:
                seen.add(resolved)
                found.files.append(file)
    return found


def _below(folder: Path) -> Iterator[PictureFile]:
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if path.is_file() and not any(part.startswith(".") for part in relative.parts):
            yield PictureFile(path, relative.as_posix())


def document(file: PictureFile, data: bytes) -> dict[str, Any]:
    """The document that is indexed for a file with these bytes."""
    return {
        "title": title(file.path.stem),
        "file_name": file.path.name,
        "file_path": file.relative,
        "image": {"data": pybase64.b64encode(data).decode("ascii")},
    }


def title(stem: str) -> str:
    """`old_harbour-02` to `old harbour 02`, so that a search for its words finds it."""
    return re.sub(r"[\s_.+-]+", " ", stem).strip() or stem


def id_of_path(file: PictureFile) -> str:
    """The same for the same file on the same machine, whatever its content: indexing it again replaces the document."""
    # A name that is not UTF-8 is a legal path.
    return _short(str(file.path.resolve()).encode("utf-8", "surrogateescape"))


def id_of_content(data: bytes) -> str:
    """The same for the same bytes, wherever they lie: exact copies become one document."""
    return _short(data)


def _short(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:32]
