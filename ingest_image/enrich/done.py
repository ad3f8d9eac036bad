"""What happened to documents."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Done:
    """What happened in one round, or in all: documents by what became of them."""

    enriched: int = 0
    # A newer write came first.
    changed: int = 0
    # An attempt failed; another one follows.
    failed: int = 0
    recorded: int = 0
    # Why something has to be waited for.
    waits: str = ""

    def add(self, other: Done) -> None:
        """Count what happened in a round."""
        self.enriched += other.enriched
        self.changed += other.changed
        self.failed += other.failed
        self.recorded += other.recorded
        self.waits = other.waits or self.waits
