"""Where things are: in a checkout, or in what pip installed and the user's own folder."""

from __future__ import annotations

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
# The checkout, or the folder that pip installs into.
ROOT = _PACKAGE.parent
JAVA_SOURCES = _PACKAGE / "java"
IN_CHECKOUT = (ROOT / "elasticsearch_plugin" / "versions.txt").is_file()
# setup.py copies from the checkout into the package what a wheel has to bring.
_BUNDLED = _PACKAGE / "bundled"
VERSIONS_FILE = ROOT / "elasticsearch_plugin" / "versions.txt" if IN_CHECKOUT else _BUNDLED / "versions.txt"
PLUGIN_ZIPS = ROOT / "build" / "plugins" if IN_CHECKOUT else _BUNDLED / "plugins"


def work_folder() -> Path:
    """What is downloaded, built and kept: `.embedded` in a checkout, else `ingest-image` in the user's data folder.

    That is `XDG_DATA_HOME`, or `~/.local/share`.
    """
    if IN_CHECKOUT:
        return ROOT / ".embedded"
    chosen = os.environ.get("XDG_DATA_HOME")
    return (Path(chosen) if chosen else Path.home() / ".local" / "share") / "ingest-image"


def cache_folder() -> Path:
    """Where downloaded jars and plugins made for other releases are kept: `IMAGE_EMBEDDED_CACHE`, or a default."""
    chosen = os.environ.get("IMAGE_EMBEDDED_CACHE")
    return Path(chosen).expanduser().absolute() if chosen else work_folder() / "cache"
