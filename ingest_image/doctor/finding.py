"""What a check says."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import Enum


class Level(Enum):
    """How bad it is; the value is what is printed."""

    OK = "ok"
    # It works, but not as one would expect.
    WARN = "warn"
    # Pictures are lost to the search, refused, or stored as they came.
    ERROR = "error"


@dataclass(frozen=True)
class Finding:
    """One sentence on what is the case, and one on what to do about it."""

    level: Level
    what: str
    advice: str = ""
    # Filled in by whoever runs the check.
    check: str = ""

    def to_json(self) -> dict[str, str]:
        """The finding as it is printed with `--json`."""
        return {**asdict(self), "level": self.level.value}


def ok(what: str) -> Finding:
    """All is well."""
    return Finding(Level.OK, what)


def warn(what: str, advice: str) -> Finding:
    """Something to know."""
    return Finding(Level.WARN, what, advice)


def error(what: str, advice: str) -> Finding:
    """Something to act on."""
    return Finding(Level.ERROR, what, advice)
