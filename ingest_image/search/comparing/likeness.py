"""How the cosines of visual vectors are read, by embedder.

Measured: docs/search-quality.md.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Likeness:
    """From cosine `alike` on, pictures show similar things.

    Pictures from `candidate` on, at most the nearest `candidates`, are laid over the sample to see whether one is a
    copy of the other. No cosine is enough to call them that.
    """

    alike: float
    candidate: float
    candidates: int
    # Of pairs of different photographs, one in a hundred has this cosine, and none the other.
    rare: float
    unseen: float

    def in_words(self, cosine: float) -> str:
        """What a cosine says to people. It is no probability, so it is not shown as percent."""
        if cosine >= self.unseen:
            return "near copy"
        return "alike" if cosine >= self.rare else "a little alike"


# The built-in embedder does not rank corners high, so more pictures have to be laid over.
_KNOWN = {
    "builtin-v1": Likeness(0.85, 0.7, 64, rare=0.91, unseen=0.95),
    "efficientnet-lite0": Likeness(0.5, 0.3, 24, rare=0.66, unseen=0.87),
}
# Other models may need other values.
_MODELS = _KNOWN["efficientnet-lite0"]


def likeness_of(embedder: str | None) -> Likeness:
    """The values of an embedder by its name."""
    return _KNOWN.get(embedder or "", _MODELS)


def cosine(score: float) -> float:
    """The cosine from the score of a kNN search."""
    return 2 * score - 1
