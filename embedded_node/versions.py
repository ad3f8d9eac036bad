"""Folders and versions of the checkout that this room knows about."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from .errors import NodeError

CHECKOUT = Path(__file__).resolve().parents[1]
JAVA_SOURCES = Path(__file__).resolve().parent / "java"
VERSIONS_FILE = CHECKOUT / "elasticsearch_plugin" / "versions.txt"
PLUGIN_ZIPS = CHECKOUT / "build" / "plugins"


@dataclass(frozen=True)
class Version:
    """A version of Elasticsearch: its number, the Java release it needs, the folder with its Java API (es8, es9)."""

    number: str
    java_release: int
    api: str


def versions() -> list[Version]:
    """All supported versions of Elasticsearch; the first is the default."""
    lines = (line.split("#")[0].split() for line in VERSIONS_FILE.read_text(encoding="utf-8").splitlines())
    return [Version(words[0], int(words[1]), words[2]) for words in lines if words]


def version(number: str) -> Version:
    """The supported version with that number.

    Raises:
        NodeError: it is not in the list.
    """
    known = versions()
    for candidate in known:
        if candidate.number == number:
            return candidate
    listed = ", ".join(candidate.number for candidate in known)
    raise NodeError(f"Elasticsearch {number} is not supported; supported are {listed} ({VERSIONS_FILE.name}).")


def cache_folder() -> Path:
    """Where downloaded jars are kept: `IMAGE_EMBEDDED_CACHE`, or `.embedded/cache` in the checkout."""
    chosen = os.environ.get("IMAGE_EMBEDDED_CACHE")
    return Path(chosen).expanduser().absolute() if chosen else CHECKOUT / ".embedded" / "cache"


def find_plugin_zip(es_version: str) -> Path:
    """The newest zip of our plugin built for that version.

    Raises:
        NodeError: there is none.
    """
    found = sorted(PLUGIN_ZIPS.glob(f"ingest-image-*-es{es_version}.zip"), key=lambda path: path.stat().st_mtime)
    if not found:
        raise NodeError(
            f"There is no plugin for Elasticsearch {es_version} in {PLUGIN_ZIPS}; build it with `make plugin`, "
            "or start the node with --without-plugin."
        )
    return found[-1]
