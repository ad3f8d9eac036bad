"""Names of files for stored pictures, made of what their documents say, which may be anything."""

from __future__ import annotations

import re
import sys
import unicodedata
from pathlib import PurePosixPath

from pipelines.wording import well_formed
from processor_service.formats.registry import FORMATS, extensions

from ..search.found.hits import Hit
from ..search.stored.picture import text

# What a file system or a shell would obey, and what Windows does not allow.
_UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff<>:"|?*/\\]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
# Bytes of a part of a path, with room for a number and an extension; file systems take 255.
_LONGEST = 180
_DEEPEST = 16
_USUAL = {"jpeg": "jpg", "tiff": "tif"}
_BY_NAME = {one.name: one for one in FORMATS}


def file_name(hit: Hit, number: int) -> PurePosixPath:
    """A relative path below the folder of an export: that of the file, or its name, or the title, or the id.

    `number` is the place of the picture in a list, from 0. The extension is that of the stored format.
    """
    path = hit.path or text(hit.source.get("file_name"))
    named = re.split(r"[/\\]+", path) if path else [hit.title]
    parts = [safe for part in named if (safe := _safe(part))][-_DEEPEST:] or [_safe(hit.id) or "picture"]
    stem, extension = _with_extension(parts[-1], hit.pictures[number].format if hit.pictures else "")
    return PurePosixPath(*parts[:-1], f"{stem}-{number + 1}{extension}" if number else f"{stem}{extension}")


def numbered(path: PurePosixPath, number: int) -> PurePosixPath:
    """The path with a number, for a name that is taken."""
    return path.with_name(f"{path.stem}-{number}{path.suffix}")


def as_one(path: PurePosixPath) -> str:
    """The same for paths that some file system takes for one."""
    return unicodedata.normalize("NFC", str(path)).casefold()


def _safe(part: str) -> str:
    """A part of a path that names a file or folder in the one above, visible, on any system; empty for none."""
    part = unicodedata.normalize("NFC", well_formed(part))
    # `?` for what has no bytes there, as with LC_ALL=de_DE.ISO-8859-1.
    coding = sys.getfilesystemencoding()
    part = _UNSAFE.sub("_", part.encode(coding, "replace").decode(coding)).strip(" .")
    part = part.encode()[:_LONGEST].decode(errors="ignore").rstrip(" .")
    return f"_{part}" if _RESERVED.fullmatch(part) else part


def _with_extension(name: str, format: str) -> tuple[str, str]:
    stem, dot, extension = name.rpartition(".")
    known = extensions((_BY_NAME[format],)) if format in _BY_NAME else frozenset()
    is_extension = bool(dot) and extension.lower() in extensions(FORMATS)
    if is_extension and (not known or extension.lower() in known):
        return stem, f".{extension}"
    usual = f".{_USUAL.get(format, format)}" if known else ""
    return (stem if is_extension else name), usual
