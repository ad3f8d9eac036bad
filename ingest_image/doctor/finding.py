"""What a check reports."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import Enum


class Level(Enum):
    """How bad it is; the value is what is printed."""

    OK = "ok"
    # It works, but not as a user would expect.
    WARN = "warn"
    # Pictures are not found, are refused, or are stored unprocessed.
    ERROR = "error"


@dataclass(frozen=True)
class Finding:
    """One sentence about what is the case, and one about what to do."""

    level: Level
    what: str
    advice: str = ""
    # Filled in by whoever runs the check.
    check: str = ""

    def to_json(self) -> dict[str, str]:
        """The finding as it is printed with `--json`."""
        return {**asdict(self), "level": self.level.value}


def ok(what: str) -> Finding:
    """Nothing to do."""
    return Finding(Level.OK, what)


def warn(what: str, advice: str) -> Finding:
    """Something to know."""
    return Finding(Level.WARN, what, advice)


def error(what: str, advice: str) -> Finding:
    """Something to act on."""
    return Finding(Level.ERROR, what, advice)
