"""The releases of Elasticsearch that the plugin is built for, and the lines that a build serves."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from .errors import NodeError
from .places import VERSIONS_FILE

# A node compares the texts, so that 9.5.03 is none. Three digits are more than there have been.
_RELEASE = r"(0|[1-9][0-9]{0,2})(\.(0|[1-9][0-9]{0,2})){2}"


@dataclass(frozen=True)
class Version:
    """A release of Elasticsearch."""

    number: str
    # The oldest Java release that runs it, and the plugin's bytecode.
    java_release: int
    # The release that the plugin is built for which serves this one.
    built_for: str
    # On real nodes of these, too, that build stored and found a picture (`make test-versions`).
    also_tried: tuple[str, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """The minor lines that the build serves: those of the releases that it was tried on."""
        return tuple(dict.fromkeys(map(line, (self.built_for, *self.also_tried))))


def line(number: str) -> str:
    """`9.5` of `9.5.3`. Within such a line Elasticsearch keeps what a plugin uses."""
    return ".".join(number.split(".")[:2])


def versions() -> list[Version]:
    """The releases that the plugin is built for and fully tested with; the first is the default.

    Raises:
        NodeError: this installation has no list of them.
    """
    if not VERSIONS_FILE.is_file():
        raise NodeError(
            f"This installation brings no plugin ({VERSIONS_FILE} is missing): "
            "install the wheel that `make dist` makes, or work in a checkout."
        )
    rows = (row.split("#")[0].split() for row in VERSIONS_FILE.read_text(encoding="utf-8").splitlines())
    return [Version(words[0], int(words[1]), words[0], tuple(words[3:])) for words in rows if words]


def version(number: str) -> Version:
    """The release with that number, which is one that the plugin is built for or another one of a known line.

    Raises:
        NodeError: its line is unknown, or it is not the number of a release.
    """
    known = versions()
    if not re.fullmatch(_RELEASE, number):
        raise NodeError(
            f"{number!r} is not a release of Elasticsearch: write the three numbers that a node itself says (GET /), "
            f"as {known[0].number}; no plugin is made for snapshots and other builds."
        )
    # A build for exactly this release is better than one that only serves its line.
    for found in sorted(known, key=lambda one: one.number != number):
        if found.number == number or line(number) in found.lines:
            return replace(found, number=number)
    lines = ", ".join(f"{one}.x" for each in known for one in each.lines)
    raise NodeError(
        f"Elasticsearch {number} is not supported: the plugin was tried on {lines} only. Use a release of these, or "
        f"add a row for {number} to elasticsearch_plugin/versions.txt in a checkout and run `make plugin`, "
        "which builds against it."
    )
