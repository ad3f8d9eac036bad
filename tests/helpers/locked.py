"""What docker/lock wrote down."""

from __future__ import annotations

import re

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.helpers.paths import ROOT

FOLDER = ROOT / "docker" / "service"


def locked(name: str) -> dict[str, tuple[str, Marker | None, list[str]]]:
    """Version, marker and hashes of each package."""
    found: dict[str, tuple[str, Marker | None, list[str]]] = {}
    text = re.sub(r"\\\n\s*", " ", (FOLDER / name).read_text())
    for line in (line for line in text.splitlines() if line and line[0] != "#"):
        requirement = Requirement(line.partition(" --hash")[0])
        version = str(requirement.specifier).removeprefix("==")
        found[canonicalize_name(requirement.name)] = (version, requirement.marker, re.findall(r"--hash=(\S+)", line))
    return found
