"""The cosines of visual vectors above which pictures are alike, or copies of each other.

Measured: docs/search-quality.md.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Likeness:
    """From cosine `alike` on, pictures show similar things; from `copy` on, one is most likely a copy of the other."""

    alike: float
    copy: float


_KNOWN = {"builtin-v1": Likeness(0.85, 0.95), "efficientnet-lite0": Likeness(0.5, 0.8)}
# Other models may need other values.
_MODELS = _KNOWN["efficientnet-lite0"]


def likeness_of(embedder: str | None) -> Likeness:
    """The cosines of an embedder by its name."""
    return _KNOWN.get(embedder or "", _MODELS)


def cosine(score: float) -> float:
    """The cosine from the score of a kNN search."""
    return 2 * score - 1
