"""The plugin's zip for one release of Elasticsearch.

A node takes only a plugin whose descriptor names exactly its own version. Within a known line the descriptor is all
that differs, so the zip for any release is made from the build for its line.
"""

from __future__ import annotations

import io
import os
import re
import zipfile
from pathlib import Path

from .errors import NodeError
from .places import IN_CHECKOUT, PLUGIN_ZIPS, cache_folder
from .versions import version

DESCRIPTOR = "plugin-descriptor.properties"


def find_plugin_zip(es_version: str) -> Path:
    """The newest zip of our plugin built for that release, or else one made from the build for its line.

    Raises:
        NodeError: there is no build, or the line is unknown.
    """
    return _newest(es_version) or make_plugin_zip(es_version, cache_folder() / "plugins")


def make_plugin_zip(es_version: str, folder: Path) -> Path:
    """Write the zip for that release into a folder, which is created if necessary; returns its path.

    Raises:
        NodeError: the line is unknown, there is no build for it, or the folder cannot be written to.
    """
    built_for = version(es_version).built_for
    source = _newest(built_for)
    if source is None:
        advice = "build it with `make plugin`" if IN_CHECKOUT else "install the wheel that `make dist` makes"
        raise NodeError(
            f"There is no plugin for Elasticsearch {built_for} in {PLUGIN_ZIPS}; {advice}, "
            "or start the node with --without-plugin."
        )
    target = folder / f"{source.stem.removesuffix(f'-es{built_for}')}-es{es_version}.zip"
    # Renamed when complete: whoever starts a node meanwhile sees no half of it.
    scratch = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        scratch.write_bytes(_for_release(es_version, source))
        scratch.replace(target)
    except OSError as error:
        raise NodeError(f"Cannot write {target}: {error.strerror}; choose another folder.") from error
    return target


def _newest(es_version: str) -> Path | None:
    found = PLUGIN_ZIPS.glob(f"ingest-image-*-es{es_version}.zip")
    return max(found, key=lambda path: path.stat().st_mtime, default=None)


def _for_release(es_version: str, source: Path) -> bytes:
    """The bytes of a zip like that one, whose descriptor names another release."""
    named = rb"^elasticsearch\.version=.*$"
    made = io.BytesIO()
    with zipfile.ZipFile(source) as built, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as copy:
        for entry in built.infolist():
            content = built.read(entry)
            if entry.filename == DESCRIPTOR:
                content = re.sub(named, f"elasticsearch.version={es_version}".encode(), content, flags=re.MULTILINE)
            copy.writestr(entry, content)
    return made.getvalue()
