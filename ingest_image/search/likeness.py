"""From which cosine on visual vectors say that pictures are alike, or copies of each other.

Measured: docs/search-quality.md.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Likeness:
    """Cosines: from `alike` on pictures show much the same, from `copy` on one is most likely a copy of the other."""

    alike: float
    copy: float


_KNOWN = {"builtin-v1": Likeness(0.85, 0.95)}
# As measured with EfficientNet-Lite0; other models may need others.
_MODELS = Likeness(0.5, 0.8)


def likeness_of(embedder: str | None) -> Likeness:
    """The cosines of an embedder by its name."""
    return _KNOWN.get(embedder or "", _MODELS)


def cosine(score: float) -> float:
    """Of the score of a kNN search."""
    return 2 * score - 1
